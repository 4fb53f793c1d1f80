"""The smallest complete plugin of priorsr."""
