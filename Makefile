# make demo             sets up .venv with the core dependencies and runs the main job
# make test             sets up .venv with PyTorch, JAX and the development tools, runs the tests
# make test-core        runs the tests of the records, the solvers and the public names where no
#                       framework is installed, in .venv-core, with all annotations checked
# make test-frameworks  adds BrainPy, Keras and TensorFlow to .venv, runs the tests of all frameworks
# make fuzz             tries every public call with every value of tests/fuzz: ten minutes
# make docs             adds Sphinx to .venv, builds the documentation site, out/docs/index.html
# make test-annotations checks annotations in all tests that make test runs
PYTHON ?= python3
BIN := .venv/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
OTHERS := flax or equinox or brainpy or tensorflow
PINNED := $(INSTALL) --constraint constraints.txt

.PHONY: demo test test-core test-frameworks test-slow test-annotations fuzz lint bench bench-brainpy \
	bench-slow-points bench-proofs clean

demo: .venv/core
	$(BIN)/stillpoint demo flip-flop --out out

test: .venv/dev
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not ($(OTHERS) or keras)" \
		--doctest-ignore-import-errors

test-core: .venv-core/dev
	.venv-core/bin/python -c "import stillpoint.demos.flip_flop; \
		from importlib.util import find_spec; assert not any(map(find_spec, ['torch', 'jax', 'keras']))"
	STILLPOINT_CHECK_ANNOTATIONS=1 .venv-core/bin/pytest -n 2 -m "not slow and not torch and not jax" \
		tests/core tests/census tests/local tests/points tests/solvers

test-frameworks: .venv/frameworks
	$(BIN)/python -c "import flax, equinox, brainpy, brainstate, keras, tensorflow"  # none is left out
	$(BIN)/pytest -n 2 -m "not slow and ($(OTHERS))" tests
	printf 'tensorflow\njax\ntorch\n' | xargs -P 2 -I {} env KERAS_BACKEND={} \
		$(BIN)/pytest -m "not slow and keras" tests

test-slow: .venv/dev
	$(BIN)/pytest -m slow

test-annotations: .venv/dev
	STILLPOINT_CHECK_ANNOTATIONS=1 $(BIN)/pytest -n 2 -m "not slow and not ($(OTHERS) or keras)" tests

fuzz: .venv/dev
	$(BIN)/python tests/fuzz/test_arguments.py

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

.PHONY: docs
docs: .venv/docs
	$(BIN)/sphinx-build -q -W --keep-going -n docs out/docs

bench: .venv/dev
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/against_adam.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/solvers.py
	$(BIN)/python benchmarks/jacobians.py
	$(BIN)/python benchmarks/frameworks.py
	$(BIN)/python benchmarks/low_rank.py
	$(BIN)/python benchmarks/old_scripts.py --quick
	$(BIN)/python benchmarks/slow_points.py --networks 2 --adam-steps 1000

bench-brainpy: .venv/frameworks
	$(BIN)/python benchmarks/against_brainpy.py

bench-slow-points: .venv/dev
	$(BIN)/python benchmarks/slow_points.py

bench-proofs: .venv/dev
	$(BIN)/python benchmarks/certificates.py --large
	$(BIN)/python benchmarks/exhaustive.py
	$(BIN)/python benchmarks/calibration.py

clean:
	rm -rf .venv .venv-core out docs/generated

%/python:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) "pip>=25.1"
	touch $@

.venv/core: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable .
	touch $@

.venv/dev: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable ".[torch,jax]" --group dev
	touch $@

.venv/docs: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable ".[torch]" --group docs
	touch $@

.venv/frameworks: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable ".[torch,jax,brainpy,keras]" --group dev
	touch $@

.venv-core/dev: .venv-core/python pyproject.toml constraints.txt
	.venv-core/bin/python $(PINNED) --editable . --group dev
	touch $@
