"""The rule for all verdicts: estimates of means, verdicts on differences, and ranks."""
