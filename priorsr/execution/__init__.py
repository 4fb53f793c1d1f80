"""How networks and loops are run: modes, precisions and threads, for every room above."""
