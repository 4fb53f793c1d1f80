"""Models written as graphs that other programs run."""
