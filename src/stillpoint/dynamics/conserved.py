"""Sums of units that a system conserves."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import qr

from .._core.arrays import host
from ..errors import ArgumentError
from .base import Dynamics

# A sum counts as conserved that changes by no more than this fraction of what it is made of, at so
# many random states of each size, of both signs, and positive ones, as concentrations are.
_CHANGE = 1e-9
_STATES = 16
_SIZES = np.array([1e-3, 0.1, 1.0, 10.0, 1e3])

# Rows of C depend on each other if what is new in one is smaller than this, relative to its length.
_NEW = 1e-12


def read_conserved(
    dynamics: Dynamics, C: Float[np.ndarray, "r d"]
) -> tuple[
    Int[np.ndarray, " k"],
    Int[np.ndarray, " r"],
    Float[np.ndarray, "r k"],
    Float[np.ndarray, "r r"],
]:
    """Return which units tell the others, these others, S = inverse(C_held) C_kept, that inverse.

    C x is known where x_held + S x_kept is. The units that are told are chosen so that they follow
    as sharply as possible (columns of C by pivoting).

    Raises
    ------
    ArgumentError
        If C does not fit, or C x is not conserved.
    """
    size, r = dynamics.state_size, len(C)
    if C.shape != (r, size) or not 0 < r < size:
        raise ArgumentError(
            f"C: got shape {C.shape}, but (r, {size}) is wanted: a row for each conserved sum, "
            f"fewer of them than units."
        )
    rows = C / np.maximum(np.linalg.norm(C, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    _, triangle, order = qr(rows[:, ::-1], mode="economic", pivoting=True)  # the last are told
    if (abs(np.diag(triangle)) <= _NEW).any():
        raise ArgumentError("C: a row is zero, or follows from the others; leave it out.")
    _check(dynamics, C)
    held, kept = np.sort(size - 1 - order[:r]), np.sort(size - 1 - order[r:])
    inverse = np.linalg.inv(C[:, held])
    return kept, held, inverse @ C[:, kept], inverse


@np.errstate(all="ignore")
def _check(dynamics: Dynamics, C: Float[np.ndarray, "r d"]) -> None:
    """Refuse sums that change at random states, where the step can be taken there."""
    rng, asarray = np.random.default_rng(0), dynamics.arrays.asarray
    sizes = np.repeat(_SIZES, _STATES)[:, None]
    x, u = (sizes * rng.standard_normal((len(sizes), n)) for n in (len(C.T), dynamics.input_size))
    x[::2] = np.abs(x[::2])
    step = host(dynamics.step(asarray(x), asarray(u)))
    motion, rounding = step, np.zeros_like(step)
    if dynamics.kind == "map":
        motion, rounding = step - x, 64 * dynamics.arrays.resolution * (np.abs(step) + np.abs(x))
    taken = np.isfinite(step).all(axis=1)
    change = np.abs(motion @ C.T)[taken]
    of, noise = ((part @ np.abs(C).T)[taken] for part in (np.abs(motion), rounding))
    tolerance = max(_CHANGE, 64 * dynamics.arrays.resolution)
    changing = np.flatnonzero((change > tolerance * of + noise).any(axis=0))
    if len(changing):
        k = int(changing[0])
        raise ArgumentError(
            f"C: row {k} is not conserved: at random states the sum changes by up to "
            f"{change[:, k].max():.3g} in a {'step' if dynamics.kind == 'map' else 'unit of time'}."
        )
