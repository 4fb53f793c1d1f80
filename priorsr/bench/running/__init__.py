"""Run models over a face set: plan, batches, scores of each batch, and cost."""
