"""The parts of `benchmarks.gpu`, each of which yields its rows one by one, as they are measured."""
