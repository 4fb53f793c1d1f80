"""Run networks and loops: modes, precisions and threads, for all folders above."""
