"""Running models over a face set: what is asked for, the batches, what each scored, and what it cost."""
