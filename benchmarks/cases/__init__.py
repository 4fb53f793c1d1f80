"""What is measured: operations and networks at the shapes of the four systems, and what else computes the same."""
