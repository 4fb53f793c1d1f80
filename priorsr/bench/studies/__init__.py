"""Studies: what a part of a recipe is worth, and how wrong a prior may be."""
