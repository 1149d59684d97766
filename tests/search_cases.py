"""Searches whose results are known: units x' = tanh(2 x), and maps with given roots."""

from __future__ import annotations

import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell

A = 0.9575040240772687  # tanh(2 a) = a


def three_cubed():
    """Three units x' = tanh(2 x): 27 points, 8 of them stable."""
    return sp.as_system(VanillaCell(2 * np.eye(3), np.zeros((3, 0)), np.zeros(3)))


def starts(n, d=3, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(n, d))


def rooted(*roots):
    """A scalar map x' = x - p(x), p the polynomial with the given roots: those are its points."""
    p = np.polynomial.Polynomial.fromroots(roots)
    slope = p.deriv()
    return sp.as_system(
        lambda x: x - p(x),
        state_size=1,
        jacobian=lambda x, _: (1 - slope(x))[:, :, None],
    )


def assert_same(left, right, exactly=True):
    """Assert that two records hold the same points with the same evidence."""
    if exactly:
        np.testing.assert_array_equal(left.xstar, right.xstar)
    assert left.xstar.shape == right.xstar.shape
    np.testing.assert_allclose(left.xstar, right.xstar, rtol=0, atol=1e-12)
    np.testing.assert_allclose(left.inputs, right.inputs, rtol=0, atol=0)
    for name in ("hits", "n_unstable", "is_stable", "index", "mirrored", "on_continuum"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
    np.testing.assert_allclose(left.eigenvalues, right.eigenvalues, rtol=0, atol=1e-10)
