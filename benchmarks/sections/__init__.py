"""The parts of `benchmarks.gpu`, each of which answers its rows one by one, as they are measured."""
