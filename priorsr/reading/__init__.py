"""Readers of files that others made: bounded, checked, and refused in one sentence that names the file.

There is one for each format: nothing else in priorsr parses JSON, TOML, .safetensors or .pth. Images and arrays are
read in `priorsr.data`.
"""
