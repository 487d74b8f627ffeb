# Verbs of the house. Variables: EXTRA=deep, PYTHON=/path/to/python, ARGS="...", BUDGET=seconds,
# SEED=number.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# What `make check` does, side by side; the longest begins first.
PARTS := page lint types rules
.PHONY: help install up test check evaluate parity soak bench $(PARTS)

BIN := .venv/bin
JOBS ?= 4
BUDGET ?= 600
SEED ?= 1
# Each worker begins with its share of the long tests; who is done takes over from the others.
LADDER := integration architecture sim replay property contract unit
SHARED := --dist worksteal -n $(JOBS)
export ASSAY_SHARED ?= $(abspath ../shared)
export EXTRA
export PYTHON
# Many images forbid Python to keep what it compiles: each process would do it anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## say what each verb does
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):[^#]*## */\1	/' | expand -t 10

install: ## set up .venv, with the program and its development programs
	@tools/install.sh

up: install ## set everything up, teach a model, trade it with paper money (ARGS="--plain")
	@$(BIN)/assay up $(ARGS)

check: install ## lint, imports, types, sizes, names, message schema, page (< 60 s)
	@$(MAKE) --no-print-directory --output-sync -j 2 $(PARTS)

page:
	@tools/build_page.sh --check

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tools.tidy

types:
	@$(BIN)/mypy

rules:
	@$(BIN)/pytest -q -m rule tests/architecture

test: check ## set everything up and pass the ladder, self-contained (<= 12 min)
	@tools/build_page.sh --test
	@$(BIN)/pytest -q $(SHARED) -m "not rule" $(wildcard $(addprefix tests/,$(LADDER))) src/assay

evaluate: install ## the program on the market data of ../shared (ASSAY_SHARED names another place)
	@[[ -d "$(ASSAY_SHARED)/data" ]] || { echo "evaluate: $(ASSAY_SHARED)/data is absent;" \
	  "put the market data there or name its place with ASSAY_SHARED" >&2; exit 4; }
	@$(BIN)/pytest -q --dist loadfile -n 2 tests/evaluate

parity: install ## sweep, replay and paper on every whole file of ../shared, one case after another (ARGS="-k 'paper and minutes'")
	@ASSAY_PARITY=whole $(BIN)/pytest -s -v tests/evaluate/test_parity_orders.py $(ARGS)

soak: install ## long kills, fuzzing and endurance, for BUDGET seconds (all in full: 1000; SEED=number begins elsewhere)
	@ASSAY_SOAK_BUDGET=$(BUDGET) ASSAY_SOAK_SEED=$(SEED) $(BIN)/pytest -q tests/soak

bench: install ## measure the paths of the platform (ARGS="sweep replay")
	@$(BIN)/assay bench $(ARGS)
