"""Shift-tolerant LPIPS (ECCV 2022) for priorsr: a plugin with real weights."""
