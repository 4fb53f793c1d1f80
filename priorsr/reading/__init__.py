"""Readers of untrusted files: bounded and checked; a bad file raises an error of one sentence that names it.

There is one reader for each format: nothing else in priorsr parses JSON, TOML, .safetensors or .pth. Images and arrays
are read in `priorsr.data`.
"""
