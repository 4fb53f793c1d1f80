"""DIC and DICGAN (CVPR 2020, arXiv 2003.13063): a plugin of priorsr."""
