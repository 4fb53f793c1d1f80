"""Recipes for priorsr's own components."""
