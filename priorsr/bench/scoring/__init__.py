"""SR images turned into numbers: a protocol's scores, scores beside it, and what records hold of both."""
