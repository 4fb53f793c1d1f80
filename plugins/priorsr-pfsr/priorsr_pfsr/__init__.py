"""PFSR (BMVC 2019, arXiv 1908.08239): a plugin of priorsr."""
