"""The door: a wrong argument is named, with what came and what was wanted; nothing else changes.

The cases run in one process without the type checker of the other tests, as they run for users.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, StackedCell, VanillaCell
from stillpoint.solvers import Adam, LevenbergMarquardt, Status

# What every case can use: 2 states and 1 input, and a system without inputs.
PRELUDE = """
import warnings; warnings.simplefilter("error")
import numpy as np
import stillpoint as sp
from stillpoint import solvers
from stillpoint.cells import *
from stillpoint.points import *
nan, inf = float("nan"), float("inf")
driven = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=2, input_size=1)
alone = sp.as_system(lambda x: np.tanh(2 * x), state_size=2)
flow = sp.as_system(lambda x, u: -x, state_size=2, kind="flow")
named = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, regions={"A": [0], "B": [1]})
x, u = np.zeros((4, 2)), np.zeros((4, 1))
def step(x, u): return np.tanh(2 * x)
path = np.zeros((5, 10, 2))
points = sp.find_fixed_points(alone, np.random.default_rng(0).normal(size=(99, 2)))
one = sp.find_fixed_points(sp.as_system(lambda x: x / 2, state_size=1), np.ones((1, 1)))
lin = sp.linearize(driven, x, u)
W, B, b = np.eye(2), np.ones((2, 1)), np.zeros(2)
def find(**options): return sp.find_fixed_points(alone, x, **options)
"""

ARGUMENT, MODEL, INDEX = "ArgumentError", "UnsupportedModelError", "IndexError"

# What is called, the error, and what its message must hold: the name, what came, what is wanted.
CASES = [
    # states
    ("sp.find_fixed_points(alone, np.zeros((4, 3)))", ARGUMENT, ["states", "(4, 3)", "(n, 2)"]),
    ("sp.find_fixed_points(alone, np.zeros(2))", ARGUMENT, ["states", "(2,)", "(n, 2)", "None, :"]),
    ("sp.find_fixed_points(alone, path)", ARGUMENT, ["states", "(5, 10, 2)", "reshape(-1, 2)"]),
    ("sp.find_fixed_points(alone, 3.0)", ARGUMENT, ["states", "()", "(n, 2)"]),
    ("sp.find_fixed_points(alone, x[:0])", ARGUMENT, ["states", "0 starts", "at least one"]),
    ("sp.find_fixed_points(alone, [[nan, 0]])", ARGUMENT, ["states", "1 of 2", "NaN"]),
    ("sp.find_fixed_points(alone, [[inf, -inf]])", ARGUMENT, ["states", "2 of 2", "infinite"]),
    ("sp.find_fixed_points(alone, 'start')", ARGUMENT, ["states: got 'start' (", "real numbers"]),
    ("sp.find_fixed_points(alone, None)", ARGUMENT, ["states: got None, but", "real numbers"]),
    ("sp.find_fixed_points(alone, x + 1j)", ARGUMENT, ["states", "complex128", "real numbers"]),
    (
        "sp.find_fixed_points(alone, [[1, 2], [3]])",
        ARGUMENT,
        ["states: got [[1, 2], [3]] (", "real numbers"],
    ),
    ("sp.find_fixed_points(np.tanh, x)", ARGUMENT, ["system", "ufunc", "as_system"]),
    # inputs
    ("sp.find_fixed_points(driven, x)", ARGUMENT, ["inputs", "None", "1 inputs", "(1,)", "(4, 1)"]),
    ("sp.find_fixed_points(driven, x, np.zeros((4, 2)))", ARGUMENT, ["inputs", "(4, 2)", "(4, 1)"]),
    ("sp.find_fixed_points(driven, x, np.zeros((3, 1)))", ARGUMENT, ["inputs", "(3, 1)", "(4, 1)"]),
    ("sp.find_fixed_points(driven, x, np.zeros(4))", ARGUMENT, ["inputs", "(4,)", "(1,)"]),
    ("sp.find_fixed_points(driven, x, [nan])", ARGUMENT, ["inputs", "NaN"]),
    ("sp.find_fixed_points(driven, x, ['a'])", ARGUMENT, ["inputs: got ['a'] (", "real numbers"]),
    (
        "sp.find_fixed_points(alone, x, np.zeros((4, 1)))",
        ARGUMENT,
        ["inputs", "(4, 1)", "no inputs"],
    ),
    # options of the search
    ("find(solver='newton')", ARGUMENT, ["solver", "newton", "Newton()"]),
    ("find(solver=solvers.Newton)", ARGUMENT, ["solver", "Newton", "Newton()"]),
    ("find(solver=[])", ARGUMENT, ["solver", "[]", "Newton()"]),
    ("find(solver=3)", ARGUMENT, ["solver", "3", "Newton()"]),
    ("find(max_steps=0)", ARGUMENT, ["max_steps", "0", "at least 1"]),
    ("find(max_steps=2.5)", ARGUMENT, ["max_steps", "2.5", "whole number"]),
    ("find(rounds=-1)", ARGUMENT, ["rounds", "-1", "at least 0"]),
    ("find(chunk=0)", ARGUMENT, ["chunk", "0", "at least 1"]),
    ("find(tol=0)", ARGUMENT, ["tol", "0", "positive"]),
    ("find(tol=nan)", ARGUMENT, ["tol", "nan", "positive"]),
    ("find(tol=-1e-9)", ARGUMENT, ["tol", "-1e-09", "positive"]),
    ("find(tol='small')", ARGUMENT, ["tol", "'small'", "positive"]),
    ("find(tol=[1e-9])", ARGUMENT, ["tol", "[1e-09]", "positive"]),
    ("find(tol=inf)", ARGUMENT, ["tol", "inf"]),
    ("find(tol_unique=0.0)", ARGUMENT, ["tol_unique", "0.0", "positive"]),
    ("find(seed=-1)", ARGUMENT, ["seed", "-1"]),
    ("find(seed='lucky')", ARGUMENT, ["seed", "lucky"]),
    # as_system
    ("sp.as_system(3)", MODEL, ["model", "3", "step(x, u)"]),
    ("sp.as_system({})", MODEL, ["weights", "no recurrent network", "'W'"]),
    ("sp.as_system({'W': W})", ARGUMENT, ["cell", "None", "phi(W h"]),
    ("sp.as_system(VanillaCell)", MODEL, ["model", "VanillaCell"]),
    ("sp.as_system(alone)", ARGUMENT, ["model", "System already"]),
    ("sp.as_system(step)", ARGUMENT, ["state_size", "None", "state=, an example"]),
    ("sp.as_system(step, 0)", ARGUMENT, ["state_size", "0", "at least 1"]),
    ("sp.as_system(step, 2.0)", ARGUMENT, ["state_size", "2.0", "whole number"]),
    ("sp.as_system(step, 'two')", ARGUMENT, ["state_size", "'two'", "whole number"]),
    ("sp.as_system(step, 2, -1)", ARGUMENT, ["input_size", "-1", "at least 0"]),
    ("sp.as_system(lambda x: x, 2, 1)", ARGUMENT, ["step", "two arguments", "input_size=1"]),
    ("sp.as_system(lambda x, u: x[0], 2)", MODEL, ["step", "(2,)", "(2, 2)"]),
    ("sp.as_system(lambda x, u: x[:, :1], 2)", MODEL, ["step", "(2, 1)", "(2, 2)"]),
    ("sp.as_system(lambda x, u: x @ np.eye(3), 2)", MODEL, ["step", "(2, 2)", "batched"]),
    ("sp.as_system(lambda x, u: None, 2)", MODEL, ["step", "(2, 2)"]),
    ("sp.as_system(lambda x, u: 1 / 0, 2)", MODEL, ["step", "ZeroDivisionError"]),
    ("sp.as_system(step, 2, kind='ode')", ARGUMENT, ["kind", "'ode'", "'map', 'flow'"]),
    ("sp.as_system(step, 2, kind='flows')", ARGUMENT, ["kind", "'flows'", "mean 'flow'"]),
    ("sp.as_system(step, 2, framework='jaxx')", ARGUMENT, ["framework", "'jaxx'", "'numpy'"]),
    ("sp.as_system(step, 2, dt=0)", ARGUMENT, ["dt", "0", "positive"]),
    ("sp.as_system(step, 2, dt='1 ms')", ARGUMENT, ["dt", "1 ms", "positive"]),
    ("sp.as_system(step, 2, regions={'A': [5]})", ARGUMENT, ["regions", "'A'", "0..1"]),
    ("sp.as_system(step, 2, regions={'A': [-1]})", ARGUMENT, ["regions", "'A'", "0..1"]),
    ("sp.as_system(step, 2, regions={'A': [0, 0]})", ARGUMENT, ["regions", "'A'", "twice"]),
    ("sp.as_system(step, 2, regions={'A': [0.5]})", ARGUMENT, ["regions", "'A'", "0.5"]),
    ("sp.as_system(step, 2, regions={'A': [True, False]})", ARGUMENT, ["regions", "'A'"]),
    ("sp.as_system(step, 2, regions={'A': 1})", ARGUMENT, ["regions", "'A'", "1"]),
    ("sp.as_system(step, 2, regions=['A', 'B'])", ARGUMENT, ["regions", "'A', 'B'"]),
    ("sp.as_system(step, 2, jacobian='auto')", ARGUMENT, ["jacobian", "auto"]),
    (
        "sp.as_system(lambda x, u: x, 2, jacobian=lambda x, u: x)",
        ARGUMENT,
        ["jacobian", "(2, 2)", "(2, 2, 2)"],
    ),
    (
        "sp.as_system(lambda x, u: x, 2, 1, input_jacobian=lambda x, u: np.ones((len(x), 1, 2)))",
        ARGUMENT,
        ["input_jacobian", "(2, 1, 2)", "(2, 2, 1)"],
    ),
    ("sp.as_system(VanillaCell(W, B, b), kind='flow')", ARGUMENT, ["kind", "VanillaCell"]),
    ("sp.as_system(VanillaCell(W, B, b), jacobian=np.tanh)", ARGUMENT, ["jacobian", "VanillaCell"]),
    ("sp.as_system(VanillaCell(W, B, b), 3)", ARGUMENT, ["state_size", "3", "2"]),
    ("sp.as_system(VanillaCell(W, B, b), 2, 5)", ARGUMENT, ["input_size", "5", "1"]),
    # cells
    ("VanillaCell(np.eye(3), B, b)", ARGUMENT, ["W of VanillaCell", "(3, 3)", "(2, 2)"]),
    ("VanillaCell(W, np.ones((3, 1)), b)", ARGUMENT, ["B of VanillaCell", "(3, 1)", "(2, 1)"]),
    ("VanillaCell(W * nan, B, b)", ARGUMENT, ["W of VanillaCell", "NaN"]),
    ("VanillaCell(W, B, b + inf)", ARGUMENT, ["b of VanillaCell", "infinite"]),
    ("VanillaCell(W, B, b, phi='tan')", ARGUMENT, ["phi", "'tan'", "mean 'tanh'"]),
    ("VanillaCell(W.tolist(), B, b)", ARGUMENT, ["W of VanillaCell", "list"]),
    ("VanillaCell(W, np.ones(2), b)", ARGUMENT, ["B of VanillaCell", "(2,)"]),
    ("LeakyCell(W, B, b, alpha=np.array([0.5]))", ARGUMENT, ["alpha of LeakyCell", "(1,)", "(2,)"]),
    ("LeakyCell(W, B, b, alpha=np.array([0.0, 1]))", ARGUMENT, ["alpha", "(0, 1]", "dt / tau"]),
    ("LeakyCell(W, B, b, alpha=np.array([0.5, 1.5]))", ARGUMENT, ["alpha", "(0, 1]", "dt / tau"]),
    (
        "GRUCell(np.ones((5, 2)), np.ones((6, 1)), np.ones(6), b)",
        ARGUMENT,
        ["W of GRUCell", "(5, 2)", "(6, 2)"],
    ),
    (
        "LSTMCell(np.ones((8, 2)), np.ones((8, 1)), np.ones(7))",
        ARGUMENT,
        ["LSTMCell", "(7,)"],
    ),
    (
        "LSTMCell(np.ones((8, 2)), np.ones((8, 1)), np.ones(8), P=np.full((2, 2), nan))",
        ARGUMENT,
        ["P of LSTMCell", "NaN"],
    ),
    (
        "StackedCell([VanillaCell(W, B, b), VanillaCell(W, B, b)])",
        ARGUMENT,
        ["layers", "1 inputs", "2 outputs"],
    ),
    ("StackedCell([])", ARGUMENT, ["layers"]),
    # methods of systems
    ("alone.step(np.zeros(2))", ARGUMENT, ["x", "(2,)", "(n, 2)", "x[None, :]"]),
    ("alone.jacobian([[nan, 0]])", ARGUMENT, ["x", "NaN"]),
    ("driven.step(x)", ARGUMENT, ["u", "None", "1 inputs"]),
    ("driven.input_jacobian(x, np.zeros((3, 1)))", ARGUMENT, ["u", "(3, 1)", "(4, 1)"]),
    ("alone.jvp(x, None, np.zeros((4, 3)))", ARGUMENT, ["v", "(4, 3)", "2)"]),
    ("alone.jvp(x, None, np.zeros((3, 2)))", ARGUMENT, ["v", "(3, 2)", "(4, 2)"]),
    ("alone.vjp(x, None, np.zeros((3, 2)))", ARGUMENT, ["(3, 2)", "(4, 2)"]),
    ("alone.simulate(x)", ARGUMENT, ["steps: got None, but", "steps="]),
    ("alone.simulate(x, steps=-1)", ARGUMENT, ["steps", "-1"]),
    ("alone.simulate(x, steps=2.5)", ARGUMENT, ["steps", "2.5"]),
    ("driven.simulate(x, steps=3)", ARGUMENT, ["inputs", "None", "(4, t, 1)"]),
    ("driven.simulate(x, np.zeros((4, 7, 2)))", ARGUMENT, ["inputs", "(4, 7, 2)", "(4, t, 1)"]),
    ("driven.simulate(x, np.zeros((3, 7, 1)))", ARGUMENT, ["inputs", "(3, 7, 1)", "(4, t, 1)"]),
    ("driven.simulate(np.zeros(2), np.zeros((4, 7, 1)))", ARGUMENT, ["x0", "(2,)", "(n, 2)"]),
    ("flow.simulate(x, steps=3)", ARGUMENT, ["dt", "as_system(..., dt=...)"]),
    # systems made from systems
    ("named.restrict()", ARGUMENT, ["restrict", "regions", "units="]),
    ("named.restrict('A', units=[0])", ARGUMENT, ["restrict", "regions", "units="]),
    ("named.restrict('C')", ARGUMENT, ["region", "'C'", "'A', 'B'"]),
    ("named.restrict('A', 'A')", ARGUMENT, ["regions", "A, A", "once"]),
    ("named.restrict(units=[7])", ARGUMENT, ["units", "0..1"]),
    ("named.restrict(units=[0.5])", ARGUMENT, ["units", "0.5"]),
    ("named.restrict(units=np.array([True, False]))", ARGUMENT, ["units"]),
    ("named.restrict(units=[])", ARGUMENT, ["units"]),
    ("named.restrict(units=3)", ARGUMENT, ["units", "3"]),
    ("alone.iterate(0)", ARGUMENT, ["times", "0", "at least 1"]),
    ("alone.iterate(1.5)", ARGUMENT, ["times", "1.5", "whole number"]),
    ("flow.iterate(2)", ARGUMENT, ["iterate", "flow", "euler"]),
    ("flow.observe('relu')", ARGUMENT, ["observe", "map", "euler"]),
    ("alone.observe('tanhh')", ARGUMENT, ["g", "'tanhh'", "mean 'tanh'"]),
    ("alone.observe(3)", ARGUMENT, ["g", "3"]),
    ("driven.clamp([1.0, 2.0])", ARGUMENT, ["u", "(2,)", "(1,)"]),
    ("driven.clamp([nan])", ARGUMENT, ["u", "NaN"]),
    ("flow.euler(0)", ARGUMENT, ["dt", "0", "positive"]),
    ("flow.euler('fine')", ARGUMENT, ["dt", "fine", "positive"]),
    ("alone.euler(0.1)", ARGUMENT, ["euler", "map already"]),
    # linearisation
    ("sp.linearize(alone, np.zeros(2))", ARGUMENT, ["states", "(2,)", "(n, 2)"]),
    ("sp.linearize(driven, x)", ARGUMENT, ["inputs", "None"]),
    ("sp.linearize(driven, points)", ARGUMENT, ["inputs", "(9, 0)", "(9, 1)"]),
    ("sp.linearize(np.tanh, x)", ARGUMENT, ["system", "ufunc", "as_system"]),
    ("lin.predict(np.zeros((4, 3)))", ARGUMENT, ["dx", "(4, 3)", "(..., 4, 2)"]),
    ("lin.predict(np.zeros((3, 2)))", ARGUMENT, ["dx", "(3, 2)", "(..., 4, 2)"]),
    ("lin.predict(x, np.zeros((4, 2)))", ARGUMENT, ["du", "(4, 2)", "(..., 4, 1)"]),
    ("lin.predict(0.1)", ARGUMENT, ["dx", "()", "(..., 4, 2)"]),
    ("lin.predict(x * nan)", ARGUMENT, ["dx", "NaN"]),
    ("sp.linearize(named, x).block('A', 'Z')", ARGUMENT, ["region", "'Z'", "'A', 'B'"]),
    ("sp.linearize(named, x).participation('Z')", ARGUMENT, ["region", "'Z'", "'A', 'B'"]),
    # sampling
    ("sp.sample_states(np.zeros(3), 1)", ARGUMENT, ["trajectories", "(3,)", "(trials, time, d)"]),
    ("sp.sample_states(path * nan, 1)", ARGUMENT, ["trajectories", "100 of 100", "NaN"]),
    ("sp.sample_states('path', 1)", ARGUMENT, ["trajectories: got 'path' (", "real numbers"]),
    ("sp.sample_states(path[:0], 1)", ARGUMENT, ["trajectories", "(0, 10, 2)"]),
    ("sp.sample_states(path, 0)", ARGUMENT, ["n", "0", "at least 1"]),
    ("sp.sample_states(path, 2.0)", ARGUMENT, ["n", "2.0", "whole number"]),
    ("sp.sample_states(path, 3, noise=-1)", ARGUMENT, ["noise", "-1", ">= 0"]),
    ("sp.sample_states(path, 3, noise=nan)", ARGUMENT, ["noise", "nan", ">= 0"]),
    ("sp.sample_states(path, 3, noise='much')", ARGUMENT, ["noise", "much", ">= 0"]),
    ("sp.sample_states(path, 3, noise=inf)", ARGUMENT, ["noise", "inf"]),
    ("sp.sample_states(path, 3, seed='lucky')", ARGUMENT, ["seed", "lucky"]),
    ("sp.sample_states(path, 3, seed=-1)", ARGUMENT, ["seed", "-1"]),
    (
        "sp.sample_states(path, 3, inputs=np.zeros((5, 9, 1)))",
        ARGUMENT,
        ["inputs", "(5, 9, 1)", "(5, 10, 'm')"],
    ),
    ("sp.sample_states(path, 3, inputs=np.full((5, 10, 1), inf))", ARGUMENT, ["inputs", "NaN"]),
    (
        "sp.sample_states(path, 3, where=np.ones((5, 9), bool))",
        ARGUMENT,
        ["where", "(5, 9)", "(5, 10)"],
    ),
    ("sp.sample_states(path, 3, where=np.ones((5, 10)))", ARGUMENT, ["where", "float64", "bool"]),
    ("sp.sample_states(path, 3, where=np.zeros((5, 10), bool))", ARGUMENT, ["where", "no state"]),
    # points
    ("points[9]", INDEX, ["9 of 9", "-9 to 8"]),
    ("points[-10]", INDEX, ["-10 of 9"]),
    ("points[[0, 9]]", INDEX, ["9"]),
    ("points[np.ones(8, bool)]", INDEX, ["mask", "(8,)", "9"]),
    ("points['stable']", INDEX, ["ints, slices, masks", "stable"]),
    ("points[1.0]", INDEX, ["ints, slices, masks", "1.0"]),
    ("points[None]", INDEX, ["ints, slices, masks", "None"]),
    ("points.nearest(np.zeros(2))", ARGUMENT, ["states", "(2,)", "(k, 2)"]),
    ("points.nearest(np.zeros((1, 3)))", ARGUMENT, ["states", "(1, 3)", "(k, 2)"]),
    ("points[[]].nearest(np.zeros((1, 2)))", ARGUMENT, ["none"]),
    ("points.near(x, 'close')", ARGUMENT, ["factor", "'close'", "positive"]),
    ("points.subsample('all')", ARGUMENT, ["n", "'all'", "whole number"]),
    ("points.subsample(3, seed='x')", ARGUMENT, ["seed", "'x'"]),
    ("sp.plots.fixed_points(points, projection=3)", ARGUMENT, ["projection", "int", "components_"]),
    ("sp.fit_pca(np.eye(3)).transform(points.xstar)", ARGUMENT, ["states", "3", "2"]),
    ("points.unique(tolerance=-1.0)", ARGUMENT, ["tolerance", "-1.0"]),
    ("points.unique(tolerance='fine')", ARGUMENT, ["tolerance", "fine"]),
    ("FixedPoints.concatenate([])", ARGUMENT, ["several", "at least one"]),
    ("FixedPoints.concatenate([points, one])", ARGUMENT, ["several", "(1, 0), (2, 0)"]),
    ("points.save('/no/such/folder/p.nc')", ARGUMENT, ["path", "/no/such/folder", "create"]),
    # projections and files
    ("sp.fit_pca([[nan, 1]])", ARGUMENT, ["states", "NaN"]),
    ("sp.fit_pca(np.zeros((0, 2)))", ARGUMENT, ["states", "(0, 2)"]),
    ("sp.fit_pca(3.0)", ARGUMENT, ["states", "()"]),
    ("sp.fit_pca(x, n_components=0)", ARGUMENT, ["n_components", "0"]),
    ("sp.load('/no/such/file.nc')", "FileNotFoundError", ["path", "/no/such/file.nc"]),
    ("sp.load('/tmp')", "FileNotFoundError", ["path", "/tmp"]),
]

RUNNER = """
import json, sys
answers = []
for code in json.load(sys.stdin):
    try:
        answers.append(["no error", repr(eval(code))])
    except Exception as error:
        answers.append([type(error).__name__, str(error)])
print(json.dumps(answers))
"""


def run_python(code, stdin=""):
    """Return what a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], input=stdin, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def answers():
    codes = [code for code, _, _ in CASES]
    found = json.loads(run_python(PRELUDE + RUNNER, json.dumps(codes)))
    return dict(zip(codes, found, strict=True))


@pytest.mark.parametrize(("code", "error", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_wrong_argument_is_named(answers, code, error, words):
    kind, message = answers[code]
    assert kind == error, message
    for word in words:
        assert word in message


def test_no_case_is_listed_twice():
    assert len({code for code, _, _ in CASES}) == len(CASES)


def test_the_checks_are_in_the_functions_themselves():
    """The undecorated function raises the library's own error, without the help of a checker."""
    find = inspect.unwrap(sp.find_fixed_points)
    with pytest.raises(ArgumentError, match=r"system: got 'model.pt', but a System is wanted"):
        find("model.pt", np.zeros((1, 1)))


def test_whole_numbers_of_numpy_are_whole_numbers():
    """Sizes and counts often come out of NumPy; the results can still be saved."""
    code = PRELUDE + (
        "import tempfile\n"
        "for two in (np.int64(2), np.int32(2), np.uint8(2)):\n"
        "    system = sp.as_system(lambda x, u: np.tanh(2 * x), two, input_size=0 * two)\n"
        "    found = sp.find_fixed_points(system.iterate(two), points.xstar + .1,"
        " max_steps=100 * two, rounds=two, chunk=two, seed=two).subsample(two, two)\n"
        "    sp.sample_states(path, two, seed=two)\n"
        "    print(len(sp.load(found.save(tempfile.mkdtemp() + '/p.nc'))))"
    )
    assert run_python(code).split() == ["2"] * 3


def test_real_numbers_of_numpy_are_real_numbers():
    code = PRELUDE + (
        "import tempfile\n"
        "for number in (np.float64(3), np.float32(3), 3, np.int64(3)):\n"
        "    system = sp.as_system(lambda x, u: np.tanh(2 * x), 2, dt=number, lefschetz=int(1))\n"
        "    found = sp.find_fixed_points(system, points.xstar + .1, tol=1e-24 * number)\n"
        "    found = found.near(points.xstar, number)\n"
        "    print(len(sp.load(found.save(tempfile.mkdtemp() + '/p.nc'))))"
    )
    assert run_python(code).split() == ["9"] * 4


def test_the_warning_points_at_the_line_of_the_caller():
    code = PRELUDE + (
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    sp.find_fixed_points(sp.as_system(lambda x: x + 1, 1), [[0.0]])\n"
        "print(caught[0].filename)"
    )
    assert run_python(code).strip() == "<string>"


# -- optional dependencies -------------------------------------------------------------------------

HEAVY = ["torch", "jax", "keras", "tensorflow", "brainpy", "xarray", "pandas", "dask", "plotly"]

WITHOUT_TORCH = {
    "blocked": (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
    ),
    "set-to-none": "import sys\nsys.modules['torch'] = None\n",
}


def test_importing_stillpoint_imports_no_framework():
    told = "import sys, stillpoint; stillpoint.find_fixed_points; print(*sys.modules)"
    loaded = run_python(told).split()
    assert "numpy" in loaded
    assert not set(HEAVY) & set(loaded)


def test_a_search_on_numpy_imports_no_framework():
    loaded = run_python(PRELUDE + "import sys; points.census(); print(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("way", WITHOUT_TORCH)
@pytest.mark.parametrize("option", ["framework='torch'", "device='cpu'"])
def test_a_missing_extra_is_named_with_its_cure(way, option):
    code = WITHOUT_TORCH[way] + (
        "import numpy as np, stillpoint as sp\n"
        "try:\n"
        f"    sp.as_system(lambda x: np.tanh(x), 1, {option})\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    message = run_python(code)
    assert message.startswith("MissingExtraError")
    for word in ("torch is not installed", "pip install 'stillpoint[torch]'"):
        assert word in message


@pytest.mark.parametrize("way", WITHOUT_TORCH)
def test_everything_on_numpy_works_without_torch(way):
    code = WITHOUT_TORCH[way] + PRELUDE + "print(len(points), points.census().suggests_missing)"
    assert run_python(code).split()[0] == "9"


# -- what a search must not touch ------------------------------------------------------------------


def known_cells():
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.normal(size=shape)

    vanilla = VanillaCell(normal(3, 3), normal(3, 2), normal(3))
    return {
        "vanilla": vanilla,
        "leaky": LeakyCell(normal(3, 3), normal(3, 2), normal(3), alpha=np.full(3, 0.3)),
        "gru": GRUCell(normal(9, 3), normal(9, 2), normal(9), normal(3)),
        "lstm": LSTMCell(normal(12, 3), normal(12, 2), normal(12)),
        "stacked": StackedCell([vanilla, VanillaCell(normal(3, 3), normal(3, 3), normal(3))]),
    }


def fortran(array):
    return np.asfortranarray(array)


def strided(array):
    return np.repeat(array, 2, axis=0)[::2]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("layout", [np.copy, fortran, strided, read_only])
@pytest.mark.parametrize("name", known_cells())
def test_the_callers_arrays_are_bit_for_bit_unchanged(name, layout):
    cell = known_cells()[name]
    system = sp.as_system(cell)
    rng = np.random.default_rng(1)
    states = layout(rng.normal(size=(20, cell.state_size)))
    inputs = layout(rng.normal(size=(20, cell.input_size)))
    weights = [array for array in cell.weights() if isinstance(array, np.ndarray)]
    watched = [states, inputs, *weights]
    before = [array.tobytes() for array in watched]
    for solver in (None, LevenbergMarquardt()):
        points = sp.find_fixed_points(system, states, inputs, solver=solver, rounds=1)
    sp.linearize(system, states, inputs).predict(states, inputs)
    system.simulate(states, np.repeat(inputs[:, None], 3, axis=1))
    system.clamp(inputs[0]).iterate(2).jacobian(states)
    assert [array.tobytes() for array in watched] == before
    assert not np.shares_memory(points.starts.states, states)
    assert not np.shares_memory(points.starts.inputs, inputs)


def test_a_step_that_writes_into_its_arguments_harms_nobody():
    def step(x, u):
        x *= 0.5
        x += u
        return x

    system = sp.as_system(step, state_size=1, input_size=1)
    states, inputs = np.ones((3, 1)), np.ones((3, 1))
    points = sp.find_fixed_points(system, states, inputs)
    assert np.allclose(points.xstar, 2)
    assert (states == 1).all()
    assert (inputs == 1).all()


def global_state():
    """Return all the process-wide state that a library could be tempted to change."""
    state = {
        "errors": np.geterr(),
        "print": str(np.get_printoptions()),
        "rng": [str(part) for part in np.random.get_state()],  # noqa: NPY002
        "filters": list(warnings.filters),
        "rc": dict(mpl.rcParams),
        "recursion": sys.getrecursionlimit(),
    }
    if "torch" in sys.modules:
        import torch

        state |= {
            "dtype": torch.get_default_dtype(),
            "device": str(torch.get_default_device()),
            "torch rng": torch.get_rng_state().numpy().tobytes(),
            "grad": torch.is_grad_enabled(),
            "threads": torch.get_num_threads(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "cudnn": (torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark),
        }
    return state


def search_and_look(system, d, m):
    states = np.random.default_rng(0).normal(size=(30, d))
    points = sp.find_fixed_points(system, states, np.zeros(m), rounds=1).subsample(3)
    points.census()
    repr(points)
    sp.linearize(system, points).left  # noqa: B018
    with pytest.raises(ArgumentError):
        sp.find_fixed_points(system, states[:0])


@pytest.mark.parametrize("name", known_cells())
def test_no_global_state_is_changed(name):
    cell = known_cells()[name]
    before = global_state()
    search_and_look(sp.as_system(cell), cell.state_size, cell.input_size)
    assert global_state() == before


def test_a_search_that_overflows_warns_once_and_changes_no_global_state():
    system = sp.as_system(lambda x: np.exp(x**2) + 1, state_size=1)
    before = global_state()
    for solver in (None, Adam(rate=10.0)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sp.find_fixed_points(system, np.full((3, 1), 20.0), solver=solver)
        assert [warning.category for warning in caught] == [StillpointWarning]
    assert global_state() == before


@pytest.mark.torch
@pytest.mark.parametrize("build", ["GRU", "LSTM", "function", "trained"])
def test_no_global_state_of_torch_is_changed(build):
    torch = pytest.importorskip("torch")
    model = (
        getattr(torch.nn, build)(2, 3)
        if hasattr(torch.nn, build)
        else lambda x, u: torch.tanh(x + u.sum(dim=1, keepdim=True))
    )
    from stillpoint.tasks import FlipFlop
    from stillpoint.tasks.training import train

    torch.linalg.solve(torch.eye(1), torch.ones(1))
    sp.as_system(lambda x: torch.tanh(x), 1, framework="torch").jacobian(np.zeros((1, 1)))
    before = global_state()  # after what torch imports late, with warning filters of its own
    if build == "trained":
        model = train(FlipFlop(bits=2), units=3, max_steps=2, progress=False).module
    system = sp.as_system(model, state_size=6 if build == "LSTM" else 3, input_size=2)
    search_and_look(system, system.state_size, 2)
    assert global_state() == before


def test_a_search_prints_nothing(capfd):
    search_and_look(sp.as_system(known_cells()["vanilla"]), 3, 2)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


# -- float32 inside functions ---------------------------------------------------------------------


def test_float32_inside_a_numpy_function_is_noticed():
    rng = np.random.default_rng(0)
    weights = (1.5 * rng.standard_normal((5, 5)) / np.sqrt(5)).astype(np.float32)
    with pytest.warns(StillpointWarning, match="at least in parts"):
        system = sp.as_system(lambda x: np.tanh(x.astype(np.float32) @ weights.T), 5)
    points = sp.find_fixed_points(system, rng.standard_normal((40, 5)))
    assert (points.starts.status == Status.FIXED_POINT).all()
    exact = sp.as_system(lambda x: np.tanh(x @ weights.astype(np.float64).T), 5)
    x = rng.standard_normal((5, 5))
    np.testing.assert_allclose(system.jacobian(x), exact.jacobian(x), atol=1e-4)


@pytest.mark.parametrize(
    "step",
    [
        lambda x: np.tanh(1e3 * x),
        lambda x: np.maximum(0.0, x - 0.6),
        lambda x: 1e6 * np.sin(x),
        lambda x: 3.9 * x * (1 - x),
        lambda x: np.zeros_like(x),
        lambda x: np.round(4 * x),
        lambda x: np.exp(5 * x),
    ],
    ids=["steep", "kink", "large", "logistic", "constant", "steps", "exponential"],
)
def test_float64_is_not_taken_for_float32(step):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        system = sp.as_system(step, 3)
    assert system.dynamics.arrays.resolution < 1e-15


@pytest.mark.parametrize(
    "step", [lambda x: np.tanh(2 * x - x[0]), lambda x: np.cumsum(x, axis=0)], ids=["x[0]", "sum"]
)
def test_a_function_of_one_state_is_refused(step):
    with pytest.raises(UnsupportedModelError, match="mixes the rows"):
        sp.as_system(step, 3)


def test_parameters_are_copied():
    params = {"g": np.array(2.0)}
    system = sp.as_system(lambda x, u, p: np.tanh(p["g"] * x), 1, params=params)
    params["g"][...] = 0.0
    assert system.step(np.ones((1, 1))) == np.tanh(2.0)


# -- states in nests ------------------------------------------------------------------------------


def test_a_nest_of_starts_is_told_to_be_packed():
    example = {"v": np.zeros(1), "a": np.zeros(1)}
    system = sp.as_system(lambda s, u: {"v": s["v"] / 2, "a": s["a"] / 2}, state=example)
    with pytest.raises(ArgumentError, match=r"states: got dict.*system\.pack\(states\)"):
        sp.find_fixed_points(system, {"v": np.zeros((3, 1)), "a": np.zeros((3, 1))})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"state_size: got None.*as_system\(step, state_size=\.\.\., input_size=\.\.\.\)"),
        ({"state": ("v", "a")}, "state 0: got 'v'.*an example of one state"),
    ],
)
def test_a_function_needs_its_sizes_or_an_example(options, message):
    with pytest.raises(ArgumentError, match=message):
        sp.as_system(lambda x: x / 2, **options)


def test_inputs_of_a_system_without_any():
    system = sp.as_system(lambda x: x / 2, 2)
    with pytest.raises(ArgumentError, match=r"has no inputs.*input_size="):
        sp.find_fixed_points(system, np.zeros((3, 2)), np.zeros(3))
