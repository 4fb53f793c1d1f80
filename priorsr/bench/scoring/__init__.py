"""Score SR images: a protocol's scores, scores beside it, and their form in records."""
