"""Write models as graphs that other programs run."""
