"""Photographs with small faces: found, enlarged by a model, and laid into the enlarged photograph."""
