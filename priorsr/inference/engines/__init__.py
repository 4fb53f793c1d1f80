"""Engines: what can run a model's inference form for one shape of input. One file each."""
