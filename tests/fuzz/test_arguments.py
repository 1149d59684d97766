"""No argument, whatever it is, leads to an error from inside: it works, or is refused by name.

A few hundred of some fifty thousand calls are drawn here, the same ones every time. All of them:

    make fuzz
    python tests/fuzz/test_arguments.py find_ System.     # those whose name begins so
"""

from __future__ import annotations

import enum
import inspect
import random
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import matplotlib as mpl
import pytest
from calls import Call, complaint
from core_calls import core_calls
from hostile import POOL

import stillpoint as sp

try:
    from torch_calls import torch_calls
except ImportError:  # PyTorch is not installed
    torch_calls = None  # type: ignore[assignment]

mpl.use("Agg")

#: How many calls are drawn.
BUDGET = 600

#: What is made by searches alone, or is a contract that arguments do not pass unchecked.
NOT_CALLED = {
    *("Census", "Certificate", "Enumeration", "FixedPoints", "Linearization", "Projection"),
    *(
        "AttractorGraph",
        "AttractorGraph.to_networkx",  # an optional package
        "Attractors",
        "Automaton",
        "Basins",
        "ClosedCurves",
        "Comparison",
        "Cycles",
        "Diagram",
        "EchoIndex",
        "Path",
        "FlowField",
        "Kicks",
        "LyapunovSpectrum",
        "MachineComparison",
        "NetworkComparison",
        "NetworkDistances",
        "Portrait",
        "Portrait.take",  # always refuses
        "Projection.of",
        "Pulses",
        "Sweep",
    ),
    *("Path.at", "Path.check", "Path.groups", "Path.inputs_at", "Path.piece", "Path.places"),
    *("Rests", "SlowManifold", "SlowPoints", "Starts", "System", "SystemInfo", "Tally"),
    *("cells.Activation", "solvers.Outcome", "solvers.Solver", "tasks.Task", "tasks.Trials"),
}


def calls() -> dict[str, Call]:
    """Return all calls that can be made here."""
    return core_calls() | (torch_calls() if torch_calls is not None else {})


def cases(seed: int = 0) -> list[tuple[str, str, str]]:
    """Return every call, argument and value, in random order."""
    every = [
        (name, argument, value)
        for name, call in calls().items()
        for argument in call.arguments
        for value in POOL
    ]
    random.Random(seed).shuffle(every)
    return every


def test_calls_work_as_they_stand():
    for name, call in calls().items():
        try:
            call.run()
        except Exception as error:
            error.add_note(f"in {name}")
            raise


def test_arguments_are_taken_or_refused_by_name():
    known, wrong = calls(), []
    for name, argument, value in cases()[:BUDGET]:
        if told := complaint(known[name], argument, value):
            wrong.append(f"{name}({argument}={value}): {told}")
    assert not wrong, "\n".join(wrong)


def test_every_public_name_is_called():
    called = {name.split(" ")[0] for name in calls()}
    public = {name for module, prefix in _modules() for name in _callables(module, prefix)}
    assert public - called - NOT_CALLED == set()


def test_every_argument_is_replaced():
    """A parameter that a call leaves out would never be tried."""
    several: dict[str, set[str]] = {}
    for name, call in calls().items():
        given = {argument.strip("*") for argument in call.arguments}
        several.setdefault(name.split(" ")[0], set()).update(given)
    for name, call in calls().items():
        if "<lambda>" not in getattr(call.function, "__qualname__", ""):
            assert _parameters(call.function) - several[name.split(" ")[0]] == set(), name


def _modules() -> Iterator[tuple[ModuleType, str]]:
    yield sp, ""
    for namespace in (sp.cells, sp.solvers, sp.tasks, sp.plots):
        yield namespace, f"{namespace.__name__.partition('.')[2]}."
    if torch_calls is not None:
        from stillpoint.compat import brainpy, canns, fixed_point_finder, mrnntorch, rnntoolkit

        for namespace in (sp.models, brainpy, canns, fixed_point_finder, mrnntorch, rnntoolkit):
            yield namespace, f"{namespace.__name__.partition('.')[2]}."


def _callables(module: ModuleType, prefix: str) -> Iterator[str]:
    """Yield functions, classes, and the methods of results, systems, tasks and containers."""
    for name in module.__all__:
        value = getattr(module, name)
        is_known = inspect.isclass(value) and issubclass(value, enum.Enum | Exception)
        if not callable(value) or is_known:
            continue
        yield f"{prefix}{name}"
        if inspect.isclass(value) and f"{prefix}{name}" not in _CONTRACTS:
            yield from (f"{prefix}{name}.{method}" for method in _methods(value))


#: Classes whose methods are the inside of a search, and are called with checked arrays.
_CONTRACTS = {
    *("cells.VanillaCell", "cells.LeakyCell", "cells.LeakyRateCell", "cells.GRUCell"),
    *("cells.ShallowCell", "cells.LowRank"),
    *("cells.ResetBeforeGRUCell", "cells.LSTMCell", "cells.StackedCell", "cells.Activation"),
    *("tasks.Task", "tasks.Trials"),
    *("solvers.Adam", "solvers.Newton", "solvers.LevenbergMarquardt", "solvers.PiecewiseNewton"),
    *("solvers.NewtonKrylov", "solvers.KickedNewton"),
    *("solvers.Solver", "SystemInfo", "Tally", "Enumeration"),
}

#: Methods that records and layouts have for files, and what prints or is read by other programs.
_INSIDE = {
    *("from_plain", "to_plain", "joined", "without_proof", "extra_repr", "hyperparameters"),
    *("container", "labels"),
}


def _methods(kind: type) -> list[str]:
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and name not in _INSIDE
        and inspect.isroutine(getattr(kind, name))
        and (getattr(kind, name).__module__ or "").startswith("stillpoint")
    ]


def _parameters(function: Any) -> set[str]:
    told = inspect.signature(function).parameters.values()
    return {p.name for p in told if p.kind is not p.VAR_KEYWORD and not p.name.startswith("_")}


def run(*beginnings: str) -> int:
    """Make all calls whose names begin so; print what is wrong, and return how many."""
    known, made, wrong = calls(), 0, 0
    for name, argument, value in sorted(cases()):
        if not beginnings or name.startswith(beginnings):
            made += 1
            if told := complaint(known[name], argument, value):
                wrong += 1
                print(f"{name}({argument}={value}): {told}")  # noqa: T201
    print(f"{made} calls, {wrong} wrong")  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(bool(run(*sys.argv[1:])))

pytestmark = pytest.mark.filterwarnings("ignore")
