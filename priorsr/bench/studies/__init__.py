"""Studies: the effect of each part of a recipe, and of errors in a prior."""
