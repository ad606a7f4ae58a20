# The verbs of this project; `make` lists them. Everything happens inside the checkout, in .venv.
#   make test ARGS='-k fold'       passes ARGS on to the last command
#   make setup PYTHON=python3.12   builds on that Python;  UV= leaves uv aside

.DEFAULT_GOAL := help
SHELL := /bin/sh
# Under -j each verb's words stay together; not where the output is live.
ifeq ($(filter demo bench,$(MAKECMDGOALS)),)
ifneq ($(filter output-sync,$(.FEATURES)),)
MAKEFLAGS += --output-sync=target
endif
endif

BIN := .venv/bin
RUN := $(BIN)/python -m
ARGS ?=
# Three on two cores: a third of the suites' time is waiting, for disks, for processes, for a pace.
WORKERS ?= 3

.PHONY: help setup demo test check lint format format-check imports types bench build lock clean

help: ## say what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with everything locked; instant when nothing has changed
	@scripts/setup dev

demo: ## invite a sample guest list against a simulated Meta, and watch what becomes of it
	@scripts/setup runtime
	@exec $(BIN)/invy demo $(ARGS)

test: check ## every check, then every test suite, on SQLite and on PostgreSQL
	@echo 'test: the suites, on SQLite and on a real PostgreSQL ...'
	@$(RUN) pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: lint format-check imports types ## lint, format, import contracts and types, without the tests

lint: setup ## ruff's rules
	@echo 'lint: ruff ...'
	@$(RUN) ruff check .

format: setup ## rewrite the code in the one format
	@$(RUN) ruff check --select I --fix --quiet .
	@$(RUN) ruff format .

format-check: setup ## whether the code is in the one format
	@echo 'format: ruff ...'
	@$(RUN) ruff format --check .

imports: setup ## whether imports point downwards only
	@echo 'imports: import-linter ...'
	@$(BIN)/lint-imports

types: setup ## mypy, strict
	@echo 'types: mypy ...'
	@$(RUN) mypy --strict

bench: setup ## the numbers, measured side by side with the tutorial pattern and with peers
	@$(RUN) bench $(ARGS)

build: setup ## the wheel and the source archive, into dist/
	@$(RUN) hatchling build

lock: ## bring uv.lock and requirements/ into step with pyproject.toml (needs uv)
	@scripts/lock $(ARGS)

clean: ## remove what can be made again: .venv, dist, caches; your data stays
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
