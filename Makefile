# make demo   sets up .venv with the core dependencies and runs the main job
# make test   sets up .venv with PyTorch and the development tools and runs the tests
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow lint bench clean

demo: .venv/core
	$(BIN)/stillpoint demo flip-flop --out out

test: .venv/dev
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: .venv/dev
	$(BIN)/pytest -m slow

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: .venv/dev
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/against_adam.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/solvers.py
	$(BIN)/python benchmarks/jacobians.py

clean:
	rm -rf .venv out

.venv/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	touch $@

.venv/core: .venv/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/dev: .venv/python pyproject.toml constraints.txt
	$(PIP) --editable ".[torch]" --group dev
	touch $@
