"""PKDN (arXiv 2409.14385, 2024), as far as it is public: a plugin of priorsr."""
