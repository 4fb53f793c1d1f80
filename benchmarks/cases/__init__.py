"""The measured cases: operations and networks at the shapes of the four systems, and their rivals."""
