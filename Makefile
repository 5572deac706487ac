# Everything that a fresh clone needs: Python 3.11 or newer, git and make.

PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
DEMO := _demo
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint types check site serve browser clean distclean

help: ## Show what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.demo ## Train small models and make their cards and site in _demo/
	@$(BIN)/python demo/demo.py $(DEMO)

test: $(VENV)/.dev browser ## Run the tests; ARGS="-k word" picks some
	@$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(VENV)/.dev ## Check lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

types: $(VENV)/.dev ## Check the types of the site's scripts; asks npm for TypeScript once
	@.ci/types $(VENV)

check: lint types test ## Lint, format, types and tests

site: $(VENV)/.site ## Build this project's own site into _site/
	@$(BIN)/cardgen build --strict

serve: $(VENV)/.site ## Serve this project's own site, live
	@$(BIN)/cardgen serve

browser: $(VENV)/.dev
	@.ci/browser $(BIN)

clean: ## Remove the demo project and what was built
	rm -rf $(DEMO) _site .cardgen dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

distclean: clean ## Remove the environment, too
	rm -rf $(VENV)

# An environment, and a stamp for each kind of install: it is repeated when pyproject.toml changes.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "There is no Python 3.11 or newer: install one, or name it:" \
		"make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) could not make $(VENV):" \
		"on Debian and Ubuntu, install python3-venv." >&2; exit 1; }

$(VENV)/.site: pyproject.toml | $(BIN)/python
	@echo "Installing cardgen"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing cardgen, scikit-learn and MLflow's small client; this takes a minute"
	@$(PIP) --editable '.[demo]'
	@touch $@ $(VENV)/.site

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing cardgen and what its tests need; this takes a minute"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.site
