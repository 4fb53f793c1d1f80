"""Records side by side: rows and their labels, ranks, comparisons, and how far protocols lie apart."""
