# The first commands: `make demo`, `make test`, `make dev`. Each does its own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)
VENV ?= .venv
RIVALS ?= .venv-rivals
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

export DAGSTER_HOME ?= $(CURDIR)/.dagster
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export MPLBACKEND := Agg

.PHONY: help demo test dev serve app install install-dev check format bench constraints clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found; name one: make PYTHON=/path/to/python"; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing recsys_assets and what it needs (a few minutes the first time)"
	@set -o pipefail; $(PIP) install --progress-bar off -c constraints.txt -e . \
		| sed -un -e 's/^Collecting \([^ (]*\).*/  \1/p' -e 's/^Installing collected.*/  unpacking all of them/p'
	@$(BIN)/recsys --version >/dev/null
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the tools that tests need"
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

demo: install ## everything, once, on the embedded data set: graph, leaderboard, ten recommendations
	@$(BIN)/recsys demo

test: export OMP_NUM_THREADS := 1
test: export OPENBLAS_NUM_THREADS := 1
test: install-dev ## all tests; those of the whole graph and its pages beside the others
	@log=$$(mktemp); $(BIN)/python -m pytest -m e2e -p no:cacheprovider >$$log 2>&1 & whole=$$!; \
	$(BIN)/python -m pytest -m 'not e2e and not benchmark'; rest=$$?; \
	wait $$whole; whole=$$?; echo "The whole graph and its pages:"; cat $$log; rm -f $$log; \
	exit $$((rest | whole))

dev: install ## the Dagster web UI with daemon (schedule, sensors) on http://127.0.0.1:3000
	@$(BIN)/dagster dev -w workspace.yaml

serve: install ## the HTTP API on http://127.0.0.1:8000; its docs are at /docs
	@$(BIN)/recsys serve

app: install ## the web app on http://127.0.0.1:8501, with an API of its own where none answers
	@$(BIN)/recsys app

check: install-dev ## format, lint, types, import rules; seconds
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

format: install-dev ## format and mend what can be mended by itself
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

$(RIVALS)/.installed:
	@echo "Installing LensKit in an environment of its own ($(RIVALS)); it needs an older pandas"
	@$(PYTHON) -m venv $(RIVALS)
	@$(RIVALS)/bin/python -m pip install --disable-pip-version-check --quiet 'lenskit>=2025.8,<2026' "$$(grep '^torch==' constraints.txt)"
	@touch $@

bench: install-dev $(RIVALS)/.installed ## quality, speed and memory beside other tools, as tables and markdown
	@RECSYS_RIVALS_PYTHON=$(CURDIR)/$(RIVALS)/bin/python $(BIN)/python -m pytest -m benchmark -s

constraints: install-dev ## resolve constraints.txt anew for Python 3.11-3.13 (needs uv)
	@uv pip compile --universal --python-version 3.11 --extra dev --extra postgres pyproject.toml -o constraints.txt --no-header --no-annotate -q

clean: ## remove the virtual environment and caches; data and models stay
	@rm -rf $(VENV) $(RIVALS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
