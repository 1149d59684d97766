"""Every framework's cells against the framework's own step and automatic derivatives."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest

import stillpoint as sp
from framework_cells import Case
from stillpoint.cells.base import Cell
from stillpoint.cells.stacked import StackedCell

#: The frameworks' modules; each has its own list of cells.
FRAMEWORKS = ("torch", "flax", "equinox", "keras", "brainpy")


def _cases() -> list:
    found = []
    for framework in FRAMEWORKS:
        if not all(map(importlib.util.find_spec, (framework, f"cells_of_{framework}"))):
            continue
        cases = importlib.import_module(f"cells_of_{framework}").CASES
        mark = getattr(pytest.mark, framework)
        found += [pytest.param(case, marks=mark, id=str(case)) for case in cases]
    return found


@pytest.fixture
def network(case: Case):
    return case.make(np.random.default_rng(5))


@pytest.fixture
def system(network):
    return sp.as_system(network.model, **network.options)


@pytest.fixture
def own(network, system):
    """The framework's own step of flat states, differentiated by the framework."""

    def step(x, u):
        return system.structure.pack(network.step(system.structure.unpack(x), u))

    return sp.as_system(step, system.state_size, system.input_size, framework=network.arrays)


@pytest.fixture
def at(system):
    rng = np.random.default_rng(6)
    return rng.normal(size=(7, system.state_size)), rng.normal(size=(7, system.input_size))


@pytest.mark.parametrize("case", _cases())
def test_a_step_is_that_of_the_framework(system, own, at):
    np.testing.assert_allclose(system.step(*at), own.step(*at), rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", _cases())
def test_derivatives_are_those_of_the_framework(system, own, at):
    np.testing.assert_allclose(system.jacobian(*at), own.jacobian(*at), rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        system.input_jacobian(*at), own.input_jacobian(*at), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("case", _cases())
def test_standard_cells_become_canonical_ones(case, system):
    assert isinstance(system.dynamics, Cell | StackedCell) == case.closed_form
    assert (system.dynamics.arrays.resolution < 1e-15) == case.double


@pytest.mark.parametrize("case", _cases())
def test_states_go_to_the_frameworks_nest_and_back(system, at):
    states = system.unpack(at[0])
    np.testing.assert_array_equal(system.pack(states), at[0])
