"""The rule by which scores are judged: estimates of means, verdicts on differences, and the ranks that follow."""
