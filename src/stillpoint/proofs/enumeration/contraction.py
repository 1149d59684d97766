"""A network that is a contraction where its fixed points lie has exactly one.

Any two states in a box are mapped to states whose difference is S W times theirs, with S between
zero and the largest slopes s of phi in the box (the mean value theorem, unit by unit). With
A = diag(s) |W| the map shrinks distances if |diag(s) W|_2 < 1, or if A w < w for some w > 0, which
is rho(A) < 1 (Banach; Perron and Frobenius).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..._core.arrays import solve_rows
from ...dynamics import RateForm
from ...intervals import EPS, Interval
from ...intervals.linalg import norm_bound, shrinking_vector
from .low_rank import slopes

# Steps of the map towards the fixed point, at most.
_STEPS = 4000

# After this many of them one of Newton's is tried.
_NEWTON = 8


def is_contraction(form: RateForm) -> bool:
    """Return whether a network is proved to have exactly one fixed point by a contraction.

    Where no box is known that holds the fixed points, the largest slopes of phi anywhere serve;
    they are at most 1.

    Examples
    --------
    >>> W = np.array([[0.5, 4.0], [0.0, -0.9]])  # |W|_2 = 4.1 and yet rho(|W|) = 0.9
    >>> is_contraction(RateForm(W, Interval(np.zeros(2)), "tanh", of_currents=False))
    True
    """
    bounds, steepest = form.bounds, np.ones(len(form.W))
    if bounds is not None:
        drive = bounds @ form.W.T + form.c
        steepest = np.minimum(slopes(form.phi, drive).magnitude, 1.0)
    scaled = Interval(steepest)[:, None] * form.matrix
    return shrinking_vector(scaled.magnitude) is not None or norm_bound(scaled) < 1


def iterate(form: RateForm) -> Float[np.ndarray, "k d"]:
    """Return the state of the only fixed point of a contraction, to rounding, or no state.

    Steps of the map converge, if slowly. A step of Newton's is taken instead where it halves
    the smallest residual so far: that can happen only so often that the two
    kinds of steps do not chase each other.
    """
    W, c = form.matrix.mid, form.c.mid
    rates, nearest = form.activation.value(c), np.inf
    for step in range(_STEPS):
        image, residual = _image(form, rates)
        if residual <= 16 * EPS * (np.abs(W) @ np.abs(rates) + np.abs(c)).max():
            return form.states(image[None])
        nearest, rates = min(nearest, residual), image
        if step % _NEWTON == 0:
            tried = _newton(form, image)
            if _image(form, tried)[1] < 0.5 * nearest:
                rates = tried
    return np.zeros((0, len(W)))


def _image(form: RateForm, rates: Float[np.ndarray, " d"]) -> tuple[Float[np.ndarray, " d"], float]:
    """Return where the map leads, and how far that is."""
    image = form.activation.value(form.W @ rates + form.c.mid)
    return image, float(np.abs(image - rates).max())


def _newton(form: RateForm, rates: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    """Return where Newton's step leads; NaN where it is not defined."""
    drive = form.W @ rates + form.c.mid
    image = form.activation.value(drive)
    slope = form.activation.slope(drive, image)
    matrix = np.eye(len(rates)) - slope[:, None] * form.matrix.mid
    return rates + solve_rows(matrix[None], (image - rates)[None])[0]
