"""Trained weights for priorsr, a .safetensors each; see the README. Found by the entry-point group priorsr.weights."""
