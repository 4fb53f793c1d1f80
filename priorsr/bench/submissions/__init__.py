"""Submissions: a model's records with their images or weights in one file, and whether they are true."""
