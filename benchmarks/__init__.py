"""How fast priorsr is: networks in plain torch to compare with, suites, and one command for a GPU; see README.md."""
