"""The demonstration of `make demo`: shipped models enlarge faces, a block is swapped and trained, all are scored."""
