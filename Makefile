# make run    set up .venv with what runs need, and run the main job
# make test   add to .venv what tests need, and run every check: lint, format, types, layers, tests
# make test-all  the same with the longest tests, whose shorter siblings `make test` runs; before a release
# make check  without the slow tests
# make setup  set up .venv for development, and run nothing
# make docs   build the documentation into build/site; fails where a link leads nowhere
# make coverage  list the lines of zoo that no test runs (half as long again as the tests)
# make bench  measure speed, memory and quality (minutes); writes build/bench/
# make bench-serving  measure the embedded server beside MLflow's (4 minutes); writes build/bench/serving.json
# make requirements  write the hashed requirements*.txt anew, after a change of pyproject.toml or constraints.txt
# make sbom   write build/sbom.json, a CycloneDX bill of what .venv holds
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
WANTED := pyproject.toml constraints.txt .ci/install.py
# Three processes on two cores, since tests wait for servers and disks a quarter of their time; of one thread each: more of them
# wait for a core by spinning, which costs twice the processor time.
# Tests start some hundred processes more: bytecode is kept, whatever the environment says.
THREADS := PYTHONDONTWRITEBYTECODE= TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=2 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Of umap-learn only the longest tests compute anything; to compile it takes half a minute.
UNCOMPILED := NUMBA_DISABLE_JIT=1
PYTEST := $(THREADS) $(BIN)/python -m pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup run check test test-all lint coverage docs bench bench-serving requirements sbom clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: .venv/.complete-dev

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@echo "set-up: $$($(PYTHON) --version) makes .venv, once"
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || { sh .ci/install-venv && $(PYTHON) -m venv --clear .venv; }
	@touch $@

.venv/.complete: $(WANTED) | .venv/.made
	@rm -f $@
	@$(BIN)/python .ci/install.py
	@touch $@

.venv/.complete-dev: $(WANTED) | .venv/.made
	@rm -f .venv/.complete $@
	@$(BIN)/python .ci/install.py dev
	@touch .venv/.complete $@

.venv/.complete-docs: $(WANTED) | .venv/.complete
	@$(BIN)/python .ci/install.py docs
	@touch $@

run: .venv/.complete
	$(BIN)/python -m zoo.run recipe=vae_word2vec $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(UNCOMPILED) $(PYTEST) -m 'not slow and not long' $(ARGS)

test: lint
	$(UNCOMPILED) $(PYTEST) -m 'not long' $(ARGS)

test-all: lint
	$(PYTEST) $(ARGS)

docs: .venv/.complete-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

coverage: setup
	$(PYTEST) --cov --cov-report=term $(ARGS)

bench: setup
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-serving: setup
	$(BIN)/python -m tests.benchmarks serving

requirements: setup
	$(BIN)/python .ci/requirements.py

sbom: .venv/.complete
	@$(BIN)/python .ci/sbom.py

clean:
	rm -rf .venv build dist .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
