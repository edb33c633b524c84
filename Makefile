# `make demo` and `make test` install what they need on a fresh machine; `make help` lists all targets.
#
# The second run installs nothing: the stamp in the virtual environment is named after the hash of its inputs, and the
# engine is in a cache outside the checkout, in a folder named after its version.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The Python that creates .venv. It is looked up before .venv comes first on PATH.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(or $(shell command -v python3),python3)
endif
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

stamp := .venv/.installed-$(shell cat requirements-dev.lock pyproject.toml | sha256sum | cut -c1-16)
cache := $(or $(CUTOVER_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cutover)
# The engine has the version of its Python SDK.
engine := $(cache)/pulumi/v$(shell sed -n 's/^pulumi==\([^ ]*\).*/\1/p' requirements-dev.lock)/bin

simulation := PYTHONPATH=tests PYTHONHASHSEED=0 python -m support.simulation

# All targets run the programs of .venv and this engine; Pulumi neither looks for updates nor downloads plugins.
export PATH := $(CURDIR)/.venv/bin:$(engine):$(PATH)
export PULUMI_SKIP_UPDATE_CHECK := true
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION := true
export PYTHONUNBUFFERED := 1

.PHONY: help setup prometheus demo test test-fast simulate pairs expected chaos soak mutants mutmut acceptance lint format bench docs lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: setup ## deploy six versions to the local cloud under load; ARGS=--quick deploys two
	cutover local demo $(ARGS)

test: setup prometheus ## run all tests; ARGS are for pytest
	python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

test-fast: setup ## run the tests of units, properties and components
	python -m pytest -n $(JOBS) --dist loadfile tests/unit tests/properties tests/components $(ARGS)

chaos: setup ## kill drivers, engines and plugins at random times; KILLS=100 SEED=1
	CUTOVER_KILLS=$(or $(KILLS),100) CUTOVER_SEED=$(or $(SEED),1) python -m pytest -s tests/chaos $(ARGS)

soak: setup ## deploy five versions under load while the local cloud is in a storm; MINUTES=10 SEED=1
	python -m benchmarks.soak --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

simulate: setup ## run random sequences of verbs and faults; SEED=100000 N=20000
	$(simulation) sequences $(or $(SEED),100000) $(or $(N),20000)

pairs: setup ## kill every verb, and then its resume, at all pairs of points
	$(simulation) pairs

expected: setup ## write the journals, plans and verdicts that tests/expected expects
	$(subst support.simulation,support.simulation.journals,$(simulation))
	$(subst support.simulation,support.expected_plans,$(simulation))
	$(subst support.simulation,support.expected_verdicts,$(simulation))

records: setup ## keep the records that this version writes, for the tests of later versions
	PYTHONPATH=tests:. python -m support.kept_records

mutants: setup ## break each guard in turn and see a test fail; writes benchmarks/mutants.md
	python tools/mutants/run.py $(ARGS)

mutmut: setup ## mutate every expression of FOLDERS="strategies gates planning execution"; writes benchmarks/mutmut.md
	python tools/mutants/mutmut.py $(ARGS) $(FOLDERS)

acceptance: setup ## run cutover in a real account; ENV=prod ARGS=--yes; prints the cost first
	python -m tools.acceptance --env $(ENV) $(ARGS)

lint: setup ## run ruff, mypy --strict and import-linter
	ruff check .
	ruff format --check .
	mypy --strict
	lint-imports

format: setup ## format the sources with ruff
	ruff check --fix .
	ruff format .

bench: setup ## measure, and write benchmarks/RESULTS.md
	python -m benchmarks

docs: setup ## write docs/configuration.md from the models
	python -m cutover.config.reference

lock: setup ## write both locks from pyproject.toml; ARGS=--upgrade takes newer versions
	tools/setup/lock.sh $(ARGS)

prometheus: $(stamp)
	@$(PYTHON) tools/setup/prometheus.py

setup: $(stamp) $(engine)/pulumi ## install the virtual environment and the engine where they are missing

$(stamp):
	@$(PYTHON) tools/setup/venv.py

# Where a compatible engine is on PATH this file is never created; the script then ends at once.
$(engine)/pulumi: | $(stamp)
	@$(PYTHON) tools/setup/engine.py
