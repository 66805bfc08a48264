# Two commands are enough: `make campaign` runs the demonstration, `make test` runs every check.
# Both set up .venv on their first call and install nothing on later ones.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SCENARIO ?= scenarios/curves.yaml
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

# The stamps carry the hash of what they stand for: a changed pin installs again, an unchanged one never does.
RUN_STAMP := $(VENV)/.requirements-$(shell sha256sum requirements.txt | cut -c1-16)
DEV_STAMP := $(VENV)/.dev-requirements-$(shell cat requirements.txt requirements-dev.txt | sha256sum | cut -c1-16)
STAMP := $(shell date -u +%Y%m%dT%H%M%S)
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help campaign test soak bench reference weights clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

campaign: $(RUN_STAMP) ## Run a campaign (SCENARIO=scenarios/curves.yaml, ARGS="--workers 2 …") and print its report
	@$(BIN)/python run_campaign.py $(SCENARIO) $(ARGS)

test: $(DEV_STAMP) ## Check format, style and types, then run all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(ARGS)

bench: $(RUN_STAMP) ## Measure ticks per second and the share of each part of a tick
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(DEV_STAMP) ## Run the long tests: nonsense and ticks by the 100,000, 1,000 episodes through random faults (an hour or more)
	$(BIN)/python -m pytest tests/soak -o python_files='soak_*.py' $(ARGS)

reference: $(RUN_STAMP) ## Run the campaigns behind the README's results and rewrite its tables (about an hour)
	@$(BIN)/python run_campaign.py scenarios/unseen_ideal.yaml --out results/reference-$(STAMP)/unseen_ideal $(ARGS)
	@$(BIN)/python run_campaign.py scenarios/reference.yaml --out results/reference-$(STAMP)/reference $(ARGS)
	@$(BIN)/python -m agents.training.score_monitors results/reference-$(STAMP)/reference
	@$(BIN)/python -m harness.evaluation recompute results/reference-$(STAMP)/reference
	@$(BIN)/python run_campaign.py scenarios/takeovers.yaml --out results/reference-$(STAMP)/takeovers $(ARGS)
	@$(BIN)/python -m reports.results_table results/reference-$(STAMP)/*

weights: $(RUN_STAMP) ## Rebuild every shipped weight
	@$(BIN)/python -m agents.training.build $(ARGS)

clean: ## Remove .venv and caches; results and weights stay
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in python3.11 python3.12 python3; do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then \
	    echo "creating $(VENV) with $$("$$python" --version)"; \
	    exec "$$python" -m venv $(VENV); \
	  fi; \
	done; \
	echo "Python 3.11 or 3.12 with venv is needed (tried python3.11, python3.12, python3)" >&2; exit 1

$(RUN_STAMP): | $(BIN)/python
	@echo "installing requirements.txt into $(VENV) (once, 2 to 6 minutes)"
	@$(PIP) install --quiet -r requirements.txt
	@rm -f $(VENV)/.requirements-*; touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@echo "installing requirements-dev.txt into $(VENV) (once)"
	@$(PIP) install --quiet -r requirements-dev.txt
	@rm -f $(VENV)/.dev-requirements-*; touch $@
