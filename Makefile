# One command each; targets that need an environment make it first, which is quick when it is there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
STAMP := $(VENV)/.installed
CONSTRAINTS := constraints/tested.txt
INSTALL = $(BIN)/python -m pip install --quiet $(CONSTRAINTS:%=--constraint %) $(WITH)
PACKAGES := --group dev --editable '.[all,openvino]' $(PLUGINS:%=--editable %)
python = $(shell for python in python$(1) $(HOME)/.pyenv/versions/$(1).*/bin/python; do $$python -c '' 2>/dev/null && echo $$python && break; done)

.PHONY: setup demo test soak latest oldest spills constraints wheels bench lint docs notebooks clean

setup: $(STAMP)

$(STAMP): pyproject.toml $(PLUGINS:%=%/pyproject.toml) $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %s: make PYTHON=..." % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip
	$(INSTALL) $(PACKAGES)
	@touch $@

demo: setup
	$(BIN)/priorsr demo --out demo

test: setup
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || { apt-get update --quiet && apt-get install --yes --no-install-recommends chromium; } || echo "without chromium the browser tests are skipped"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

soak: setup # damages MUTANTS files, kills commands KILLS times, drawn by SEED, and gives all commands odd paths
	$(BIN)/python -m tests.soak --mutants $(or $(MUTANTS),1000) --kills $(or $(KILLS),50) --seed $(or $(SEED),0)

latest: # the tests with the newest versions in which kernels can be interpreted
	rm -f .venv-latest/.installed
	$(MAKE) setup VENV=.venv-latest CONSTRAINTS= PYTHON="$(or $(call python,3.13),$(PYTHON))" WITH="--upgrade --upgrade-strategy eager"
	wanted="$$(.venv-latest/bin/python tests/kernels/interpreter.py)"; test -z "$$wanted" || .venv-latest/bin/python -m pip install --quiet $(PACKAGES) "$$wanted"
	$(MAKE) test VENV=.venv-latest CONSTRAINTS=

oldest: # the tests with the lowest versions that pyproject.toml allows
	@test -n "$(call python,3.11)" || { echo "make oldest needs Python 3.11, for which the oldest versions were built: put python3.11 on the PATH"; exit 1; }
	$(MAKE) test VENV=.venv-oldest CONSTRAINTS=constraints/oldest.txt PYTHON="$(call python,3.11)"

spills: setup # compiles the kernels with every Triton that is supported
	for version in 3.6.0 3.7.0 3.7.1 3.8.0 3.9.0; do \
	  folder="$$(mktemp -d)" && echo "Triton $$version" && \
	  $(BIN)/python -m pip install --quiet --no-deps --target "$$folder" triton==$$version && \
	  PYTHONPATH="$$folder" TRITON_CACHE_DIR="$$folder/cache" PRIORSR_ALL_CAPABILITIES=1 $(BIN)/python -m pytest --quiet tests/kernels/test_kernel_resources.py && \
	  rm -r "$$folder" || { rm -r "$$folder"; exit 1; }; \
	done

OWN = $(shell sed -n 's/^name = "\(.*\)"/--no-emit-package \1/p' pyproject.toml $(PLUGINS:%=%/pyproject.toml))
RESOLVE = printf '%s\n' '-e .' $(PLUGINS:%='-e %') | $(BIN)/uv pip compile - pyproject.toml --quiet --all-extras --group dev --python-version 3.11 --no-annotate --no-header $(OWN)

constraints: setup # resolves anew which versions `make setup` and `make oldest` install; try both, then commit
	$(BIN)/python -m pip install --quiet 'uv>=0.9'
	$(RESOLVE) --universal --output-file constraints/tested.txt --upgrade
	$(RESOLVE) --resolution lowest-direct --output-file constraints/oldest.txt --upgrade

wheels: setup # all distributions into dist/, to install with pip install --find-links dist 'priorsr[all]'
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist . $(PLUGINS:%=./%)
	@ls dist

bench: setup
	$(BIN)/python -m pytest benchmarks -rs -s
	$(BIN)/python -m benchmarks.scaling
	$(BIN)/python -m benchmarks.engines
	$(BIN)/python -m benchmarks.busy
	$(BIN)/python -m benchmarks.gpu

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	$(BIN)/sphinx-build --fail-on-warning --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

notebooks: setup # runs them again, and writes what they show into them
	cd notebooks && ../$(BIN)/jupyter execute --inplace *.ipynb

clean:
	rm -rf $(VENV) .venv-latest .venv-oldest demo dist docs/_build
