"""Every framework's cells against the framework's own step and automatic derivatives."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from framework_cells import FRAMEWORKS, Case, cases_of, table_row

import stillpoint as sp
from stillpoint.cells import StackedCell
from stillpoint.cells.base import Cell
from stillpoint.frameworks.base import adapter
from stillpoint.frameworks.functions import StepFunction
from stillpoint.system import System

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "frameworks.md"


def _cases() -> list:
    return [
        pytest.param(case, marks=getattr(pytest.mark, framework), id=str(case))
        for framework in FRAMEWORKS
        for case in cases_of(framework)
    ]


@cache
def built(case: Case) -> tuple[sp.System, sp.System]:
    """Return a case as stillpoint reads it, and its own step, differentiated by the framework."""
    network = case.make(np.random.default_rng(5))
    system = sp.as_system(network.model, **network.options)
    step = StepFunction(network.step, system.layout, system.input_size)
    return system, System.of(adapter(network.arrays).read_function(step))


def at(system: sp.System) -> tuple[np.ndarray, np.ndarray]:
    """Return random states and inputs."""
    rng = np.random.default_rng(6)
    return rng.normal(size=(7, system.state_size)), rng.normal(size=(7, system.input_size))


each_case = pytest.mark.parametrize("case", _cases())


@each_case
def test_a_step_is_that_of_the_framework(case):
    system, own = built(case)
    x, u = at(system)
    np.testing.assert_allclose(system.step(x, u), own.step(x, u), rtol=0, atol=1e-12)


@each_case
def test_derivatives_are_those_of_the_framework(case):
    system, own = built(case)
    x, u = at(system)
    for derivative in ("jacobian", "input_jacobian"):
        ours, theirs = (getattr(s, derivative)(x, u) for s in (system, own))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@each_case
def test_standard_cells_become_canonical_ones(case):
    dynamics = built(case)[0].dynamics
    assert isinstance(dynamics, Cell | StackedCell) == case.closed_form
    assert (dynamics.arrays.resolution < 1e-15) == case.double


@each_case
def test_states_go_to_the_frameworks_nest_and_back(case):
    system, _ = built(case)
    x, _ = at(system)
    np.testing.assert_array_equal(system.pack(system.unpack(x)), x)


@each_case
def test_the_documentation_tells_how_a_cell_is_read(case):
    assert table_row(case, built(case)[0]) in DOCUMENTATION.read_text()
