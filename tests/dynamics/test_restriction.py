"""Restrictions as plain data, whatever their system was made into afterwards."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.dynamics import Restriction

W = np.random.default_rng(0).normal(size=(5, 5)) / 2
SYSTEM = sp.as_system(lambda x, u: np.tanh(x @ W.T + u[:, :1]), state_size=5, input_size=2)
X = np.random.default_rng(1).normal(size=(3, 5))
U = np.random.default_rng(2).normal(size=(3, 2))


def test_a_whole_system_is_no_restriction():
    assert Restriction.of(SYSTEM.dynamics) is None
    assert Restriction.of(SYSTEM.clamp(U[0]).dynamics) is None
    for method in ("from_full", "to_full"):
        with pytest.raises(ArgumentError, match=f"^{method}: .*not a restriction"):
            getattr(SYSTEM, method)(X, U)


def test_a_restriction_is_found_below_what_was_made_of_it():
    part = SYSTEM.restrict(units=[3, 1])
    for system in (part, part.iterate(2), part.observe("tanh"), part.iterate(2).observe("tanh")):
        found = Restriction.of(system.dynamics)
        assert (found.kept.tolist(), found.held.tolist()) == ([3, 1], [0, 2, 4])
        assert found.holding is None
        states, inputs = system.from_full(X, U)
        np.testing.assert_array_equal(states, X[:, [3, 1]])
        np.testing.assert_array_equal(inputs, np.hstack([U, X[:, [0, 2, 4]]]))
        np.testing.assert_array_equal(system.to_full(states, inputs), X)


@pytest.mark.parametrize("times", [1, 2])
def test_inputs_that_are_fixed_with_the_held_units_hold_them(times):
    context = np.array([7.0, 8.0, 9.0])
    part = SYSTEM.restrict(units=[3, 1]).iterate(times).clamp([*U[0], *context])
    np.testing.assert_array_equal(Restriction.of(part.dynamics).holding, context)
    states, inputs = part.from_full(X)
    assert inputs.shape == (3, 0)
    full = part.to_full(states)
    np.testing.assert_array_equal(full[:, [3, 1]], X[:, [3, 1]])
    np.testing.assert_array_equal(full[:, [0, 2, 4]], np.tile(context, (3, 1)))


def test_a_part_of_a_held_part_holds_its_own_units_and_not_those_of_the_first():
    context = np.array([8.0, 9.0])
    once = SYSTEM.restrict(units=[3, 1, 0], holding=context)
    twice = once.restrict(units=[1])
    found = Restriction.of(twice.dynamics)
    assert (found.kept.tolist(), found.held.tolist(), found.holding) == ([1], [0, 2], None)
    states, inputs = twice.from_full(*once.from_full(X, U))
    np.testing.assert_array_equal(states, X[:, [1]])
    np.testing.assert_array_equal(inputs, np.hstack([U, X[:, [3, 0]]]))
    np.testing.assert_array_equal(once.to_full(twice.to_full(states, inputs), U)[:, [2, 4]],
                                  np.tile(context, (3, 1)))  # fmt: skip
    points = sp.find_fixed_points(twice, once.from_full(X, U)[0], U[0])
    np.testing.assert_array_equal(points.to_full(), twice.to_full(points.xstar, points.inputs))
