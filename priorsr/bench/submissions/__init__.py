"""Submissions: pack a model's records with their images or weights in one file, and verify such files."""
