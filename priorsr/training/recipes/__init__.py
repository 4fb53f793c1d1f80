"""Recipes of the components that priorsr brings itself."""
