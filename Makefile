# make demo             sets up .venv with the core dependencies and runs the main job
# make test             sets up .venv with PyTorch, JAX and the development tools, runs the tests
# make test-core        runs the tests of the records, the solvers and the public names where no
#                       framework is installed, in .venv-core, with all annotations checked
# make test-frameworks  adds BrainPy, Keras and TensorFlow to .venv, runs the tests of all frameworks
# make test-report      opens reports in a headless Chromium, where there is one
# make fuzz             tries every public call with every value of tests/fuzz: ten minutes
# make docs             adds Sphinx to .venv, builds the documentation site, out/docs/index.html
# make test-annotations checks annotations in all tests that make test runs
# make test-lowest      runs the tests of test-core with the lowest versions of the core dependencies
# make test-newest      runs them with the newest versions of everything
# make coverage         runs make test's tests, tells the lines and branches that none of them reaches
# make dist             builds the packages in dist, checks them, runs the demo from the wheel
PYTHON ?= python3
BIN := .venv/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
OTHERS := flax or equinox or brainpy or tensorflow
PINNED := $(INSTALL) --constraint constraints.txt
# The files with tests of some frameworks: collecting the others takes half a minute a process.
MARKED = $(sort $(shell grep -rlE --include=test_*.py \
	"getattr.pytest.mark|mark\.($(subst $() or $(),|,$(1)))" tests))

CORE_TESTS := test-core test-lowest test-newest
.PHONY: demo test $(CORE_TESTS) test-frameworks test-slow test-report test-annotations fuzz coverage lint docs dist \
	bench bench-brainpy bench-slow-points bench-proofs clean

demo: .venv/core
	$(BIN)/stillpoint demo flip-flop --out out

test: .venv/dev
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not ($(OTHERS) or keras)" \
		--doctest-ignore-import-errors

$(CORE_TESTS): test-%: .venv-%/dev
	.venv-$*/bin/python -c "import stillpoint.demos.flip_flop; \
		from importlib.util import find_spec; assert not any(map(find_spec, ['torch', 'jax', 'keras']))"
	STILLPOINT_CHECK_ANNOTATIONS=1 .venv-$*/bin/pytest -n 2 -m "not slow and not torch and not jax" \
		tests/core tests/census tests/local tests/points tests/solvers

test-frameworks: .venv/frameworks
	$(BIN)/python -c "import flax, equinox, brainpy, brainstate, keras, tensorflow"  # none is left out
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and ($(OTHERS))" $(call MARKED,$(OTHERS))
	printf 'tensorflow\njax\ntorch\n' | xargs -P 3 -I {} env KERAS_BACKEND={} STILLPOINT_CELLS_OF=keras \
		$(BIN)/pytest -m "not slow and keras" $(call MARKED,keras)

test-slow: .venv/dev
	$(BIN)/pytest -m slow

test-report: .venv/dev
	$(BIN)/python $(PINNED) --group browser
	$(BIN)/pytest tests/report

test-annotations: .venv/dev
	STILLPOINT_CHECK_ANNOTATIONS=1 $(BIN)/pytest -n 2 -m "not slow and not ($(OTHERS) or keras)" tests

fuzz: .venv/dev
	$(BIN)/python tests/fuzz/test_arguments.py

coverage: .venv/dev
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not ($(OTHERS) or keras)" \
		--doctest-ignore-import-errors --cov

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

dist: .venv-dist/dist
	rm -rf dist .venv-wheel
	.venv-dist/bin/python -m build
	.venv-dist/bin/twine check --strict dist/*
	.venv-dist/bin/python scripts/check_wheel.py dist/*.whl
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python $(PINNED) dist/*.whl
	.venv-wheel/bin/stillpoint demo flip-flop --out out
	.venv-wheel/bin/python -c "import stillpoint; stillpoint.show_versions()"

docs: .venv/docs
	$(BIN)/sphinx-build -q -W --keep-going -n docs out/docs

bench: .venv/dev
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/against_adam.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/solvers.py
	$(BIN)/python benchmarks/jacobians.py
	$(BIN)/python benchmarks/frameworks.py
	$(BIN)/python benchmarks/recognition.py --networks 1
	$(BIN)/python benchmarks/low_rank.py
	$(BIN)/python benchmarks/large.py
	$(BIN)/python benchmarks/scaling.py --quick
	$(BIN)/python benchmarks/balls.py --starts 20000
	$(BIN)/python benchmarks/homotopy.py 2
	$(BIN)/python benchmarks/lstms.py
	$(BIN)/python benchmarks/cycles.py
	$(BIN)/python benchmarks/limit_cycles.py
	$(BIN)/python benchmarks/lyapunov.py
	$(BIN)/python benchmarks/portrait.py
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
	rm -rf .venv .venv-* dist out docs/generated

%/python:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) "pip>=25.1"
	touch $@

.venv/core: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable .
	touch $@

.venv/dev: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable ".[torch,jax,plotly]" --group dev
	touch $@

.venv/docs: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable ".[torch]" --group docs
	touch $@

.venv/frameworks: .venv/python pyproject.toml constraints.txt
	$(BIN)/python $(PINNED) --editable ".[torch,jax,brainpy,keras,tensorflow,plotly]" --group dev
	touch $@

.venv-core/dev: .venv-core/python pyproject.toml constraints.txt
	.venv-core/bin/python $(PINNED) --editable . --group dev
	touch $@

.venv-lowest/python: PYTHON := python3.11  # later ones have no builds of the lowest versions

.venv-lowest/dev: .venv-lowest/python pyproject.toml
	$(@D)/bin/python $(INSTALL) uv
	$(@D)/bin/uv pip compile --quiet --python $(@D)/bin/python --resolution lowest-direct \
		--output-file $(@D)/lowest.txt pyproject.toml
	$(@D)/bin/python $(INSTALL) --constraint $(@D)/lowest.txt --editable . --group dev
	touch $@

.venv-newest/dev: .venv-newest/python pyproject.toml
	$(@D)/bin/python $(INSTALL) --upgrade --upgrade-strategy eager --editable . --group dev
	touch $@

.venv-dist/dist: .venv-dist/python pyproject.toml constraints.txt
	$(@D)/bin/python $(PINNED) --group dist
	touch $@
