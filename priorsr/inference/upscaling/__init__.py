"""Enlarge face crops: one call in Python, thousands of files."""
