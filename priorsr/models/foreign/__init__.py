"""Foreign networks as models of priorsr: modules, functions, Python files, ONNX, checkpoints."""
