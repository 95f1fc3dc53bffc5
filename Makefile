# make run    set up .venv if need be, and run the main job
# make test   set up .venv if need be, and run every check: lint, format, types, layers, tests
# make coverage  list the lines of zoo that no test runs (half as long again as the tests)
# make bench  measure speed, memory and quality (minutes); writes build/bench/
# make bench-serving  measure the embedded server beside MLflow's (4 minutes); writes build/bench/serving.json
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup run test coverage bench bench-serving clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: .venv/.complete

.venv/.complete: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@rm -f $@
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || { sh .ci/install-venv && $(PYTHON) -m venv --clear .venv; }
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: setup
	$(BIN)/python -m zoo.run recipe=vae_word2vec $(ARGS)

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

coverage: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report=term $(ARGS)

bench: setup
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-serving: setup
	$(BIN)/python -m tests.benchmarks serving

clean:
	rm -rf .venv build dist .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
