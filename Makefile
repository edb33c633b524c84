# `make demo` and `make test` set everything up on a fresh machine and then do their work; `make help` lists the rest.
#
# The set-up costs nothing once it is done: the stamp of the virtual environment is named after the hash of the lock,
# and the engine lives in a cache outside the checkout, named after its version.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Found before .venv goes first on PATH below: it is this Python that makes .venv.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(or $(shell command -v python3),python3)
endif
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

stamp := .venv/.installed-$(shell cat requirements-dev.lock pyproject.toml | sha256sum | cut -c1-16)
cache := $(or $(CUTOVER_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cutover)
# The engine has the version of its Python SDK.
engine := $(cache)/pulumi/v$(shell sed -n 's/^pulumi==\([^ ]*\).*/\1/p' requirements-dev.lock)/bin

# Everything below runs with this environment's programs and this engine first; Pulumi stays offline and quiet.
export PATH := $(CURDIR)/.venv/bin:$(engine):$(PATH)
export PULUMI_SKIP_UPDATE_CHECK := true
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION := true
export PYTHONUNBUFFERED := 1

.PHONY: help setup prometheus demo test test-fast lint format bench docs lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: setup ## deploy six versions to the local cloud under load
	cutover local demo $(ARGS)

test: setup prometheus ## every test, end to end ones included
	python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

test-fast: setup ## unit, properties and components only
	python -m pytest -n $(JOBS) --dist loadfile tests/unit tests/properties tests/components $(ARGS)

lint: setup ## ruff, mypy --strict and the rules of who may import whom
	ruff check .
	ruff format --check .
	mypy --strict
	lint-imports

format: setup ## let ruff order and format the sources
	ruff check --fix .
	ruff format .

bench: setup ## the table of figures, beside bare boto3 calls
	python -m benchmarks

docs: setup ## docs/configuration.md from the models
	python -m cutover.config.reference

lock: setup ## both locks from pyproject.toml; ARGS=--upgrade takes newer versions
	tools/setup/lock.sh $(ARGS)

prometheus: $(stamp)
	@$(PYTHON) tools/setup/prometheus.py

setup: $(stamp) $(engine)/pulumi ## virtual environment and engine, where they are missing

$(stamp):
	@$(PYTHON) tools/setup/venv.py

# Where a compatible engine is on PATH this file is never made, and the script only says so by its exit code.
$(engine)/pulumi: | $(stamp)
	@$(PYTHON) tools/setup/engine.py
