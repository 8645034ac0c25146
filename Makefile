# `make` alone lists the targets. Everything lives in .venv; PYTHON names the interpreter that makes it.

PYTHON ?= python3
# Test processes: "auto" is one a core, 0 none beside the one.
JOBS ?= auto
PYTEST_ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed
# Unbuffered output, where a caller asked for it, hides what a pipe does.
CLEAN_ENV := env -u PYTHONUNBUFFERED

.PHONY: help setup run test check format-check lint types imports docs docs-check fmt wheel bench prove clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## install into .venv what mhc and its tests need

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'mhc needs Python 3.11 or newer: make setup PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'Python cannot make virtual environments: apt-get install python3-venv' >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	@echo 'installing into .venv …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off -e '.[dev]'
	@touch $(STAMP)

run: $(STAMP) ## start mhc; without a configuration, its demo on made-up data
	@$(BIN)/mhc sandbox demo --unless-configured

test: $(STAMP) ## run the tests, on SQLite and on a PostgreSQL of their own
	@$(CLEAN_ENV) $(BIN)/python -m pytest -q -n $(JOBS) $(PYTEST_ARGS)

check: format-check lint imports docs-check ## all that CI checks
	@$(MAKE) --no-print-directory --jobs=2 types test

format-check: $(STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo 'to be formatted: make fmt' >&2; exit 1; }

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .

types: $(STAMP)
	@$(BIN)/mypy

imports: $(STAMP)
	@$(BIN)/lint-imports --no-logo

docs: $(STAMP) ## write the parts of docs and README that are made from the code
	@$(BIN)/python tests/docs_generator.py

docs-check: $(STAMP)
	@$(BIN)/python tests/docs_generator.py --check

fmt: $(STAMP) ## format the code, and mend what can be mended
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

wheel: $(STAMP) ## build dist/mhc-….whl
	@$(BIN)/python -m build --wheel --no-isolation

bench: $(STAMP) ## measure speed and size against docs/performance.md (BENCH_ARGS=--quick: a tenth of it)
	@$(CLEAN_ENV) -u PYTHONDONTWRITEBYTECODE PYTHONPATH=tests $(BIN)/python -m bench $(BENCH_ARGS)

prove: $(STAMP) ## try hard to lose an event, and write down what came of it (PROVE_ARGS=--quick: a little of it)
	@$(CLEAN_ENV) -u PYTHONDONTWRITEBYTECODE PYTHONPATH=tests $(BIN)/python -m prove $(PROVE_ARGS)

clean: ## remove what was built, and .venv
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .prove
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
