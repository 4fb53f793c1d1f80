"""Networks of other people as models of priorsr: modules, functions, Python files, ONNX, checkpoints."""
