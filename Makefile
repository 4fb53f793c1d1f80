# One command each; targets that need an environment make it first, which is quick when it is there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
STAMP := $(VENV)/.installed
WITH := # what else is installed

.PHONY: setup demo test oldest bench lint docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %s: make PYTHON=..." % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --group dev --editable '.[all]' $(PLUGINS:%=--editable %) $(WITH)
	@touch $@

demo: setup
	$(BIN)/priorsr demo --out demo

test: setup
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || apt-get install --yes --no-install-recommends chromium || echo "without chromium the browser tests are skipped"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

oldest: # the tests with the oldest torch, whose Triton's interpreter wants an older NumPy
	$(MAKE) test VENV=.venv-oldest WITH="'torch==2.11.*' 'numpy<2.4'"

bench: setup
	$(BIN)/python -m pytest benchmarks -rs -s
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.gpu

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	$(BIN)/sphinx-build --fail-on-warning --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean:
	rm -rf $(VENV) .venv-oldest demo docs/_build
