"""Shards: face sets as tar files in WebDataset's form, read from disk or any URL that fsspec knows."""
