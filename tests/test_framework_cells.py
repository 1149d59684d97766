"""Every framework's cells against the framework's own step and automatic derivatives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import stillpoint as sp
from framework_cells import FRAMEWORKS, Case, cases_of, table_row
from stillpoint.cells.base import Cell
from stillpoint.cells.stacked import StackedCell
from stillpoint.frameworks.base import adapter
from stillpoint.system import System

DOCUMENTATION = Path(__file__).parent.parent / "docs" / "frameworks.md"


def _cases() -> list:
    return [
        pytest.param(case, marks=getattr(pytest.mark, framework), id=str(case))
        for framework in FRAMEWORKS
        for case in cases_of(framework)
    ]


@pytest.fixture
def network(case: Case):
    return case.make(np.random.default_rng(5))


@pytest.fixture
def system(network):
    return sp.as_system(network.model, **network.options)


@pytest.fixture
def own(network, system):
    """The framework's own step in its own nest, differentiated by the framework."""
    read = adapter(network.arrays).read_function
    return System.of(read(network.step, system.structure, system.input_size))


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


@pytest.mark.parametrize("case", _cases())
def test_the_documentation_tells_how_a_cell_is_read(case):
    assert table_row(case) in DOCUMENTATION.read_text()
