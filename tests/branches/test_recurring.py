"""What recurs is worked out once."""

from __future__ import annotations

import numpy as np

from stillpoint.branches.slow_manifold.recurring import remembering


def counted():
    """Return a function that remembers, and the list of what it was really asked for."""
    asked = []

    def total(x, times):
        asked.append((x.shape, times))
        return times * x.sum()

    return remembering(total), asked


def test_equal_arrays_are_asked_for_once():
    total, asked = counted()
    assert [total(np.arange(4.0), 2), total(np.arange(4.0), 2), total(np.arange(4.0), 3)] == [
        12.0,
        12.0,
        18.0,
    ]
    assert asked == [((4,), 2), ((4,), 3)]


def test_arrays_of_other_values_or_shapes_are_others():
    total, asked = counted()
    assert total(np.arange(4.0), 1) == 6.0
    assert total(np.arange(4.0).reshape(2, 2), 1) == 6.0
    assert total(np.zeros(4), 1) == 0.0
    assert asked == [((4,), 1), ((2, 2), 1), ((4,), 1)]


def test_the_oldest_is_forgotten():
    total, asked = counted()
    for value in (0, 1, 2, 3, 0, 4, 0, 1):
        total(np.full(1, value), 1)
    assert len(asked) == 6  # 0 was used again and stays; 1 went when 4 came
