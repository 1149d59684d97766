"""Maps that take one network's states to another's: orthogonal ones, and those that rename units.

Points may be few and units many, so a signed permutation is read from all that belongs to a unit:
its value at every point, what it gets from the inputs there, and its row of the Jacobians.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .outline import Places

# Passes over the units: rows of Jacobians can be compared once their columns have been paired.
_PASSES = 4


@dataclass(frozen=True, eq=False)
class SignedPermutation:
    """Unit i of one network is, times a sign, a unit of another.

    Attributes
    ----------
    unit, sign
        That unit, and 1 or -1, shape (d,).
    """

    unit: Int[np.ndarray, " d"]
    sign: Int[np.ndarray, " d"]

    def of(self, values: Float[np.ndarray, "n d *f"]) -> Float[np.ndarray, "n d *f"]:
        """Return states, or what else each unit has, of one network as the other's."""
        moved = np.empty_like(values)
        moved[:, self.unit] = values * self.sign.reshape(-1, *[1] * (values.ndim - 2))
        return moved

    def of_matrices(self, matrices: Float[np.ndarray, "n d d"]) -> Float[np.ndarray, "n d d"]:
        """Return P J P^T."""
        moved = np.empty_like(matrices)
        moved[:, self.unit[:, None], self.unit] = matrices * self.sign[:, None] * self.sign
        return moved


def rotation(
    one: Float[np.ndarray, "p d"], other: Float[np.ndarray, "p e"]
) -> tuple[Float[np.ndarray, "w w"], float]:
    """Return the orthogonal map that brings rows nearest to others, and the trace of what is left.

    Both are filled up with zeros to the same width. The trace is the sum of singular values
    (Schönemann 1966): of sets of unit norm, the square of it is the share that is explained.
    """
    from scipy.linalg import orthogonal_procrustes

    width = max(one.shape[1], other.shape[1])
    matrix, trace = orthogonal_procrustes(widened(one, width), widened(other, width))
    return matrix, float(trace)


def widened(states: Float[np.ndarray, "p d"], width: int) -> Float[np.ndarray, "p w"]:
    """Return states with further variables that are zero."""
    return np.pad(states, ((0, 0), (0, width - states.shape[1])))


def disparity(one: Float[np.ndarray, "p d"], other: Float[np.ndarray, "p e"]) -> float:
    """Return Procrustes' disparity of paired rows, from 0 (of one shape) to 1.

    What is left of one when the other is moved, turned, mirrored and scaled to fit best; NaN where
    the rows of either are all alike.

    Examples
    --------
    >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    >>> round(abs(disparity(square, 3 * square[:, ::-1] + 1)), 12)
    0.0
    """
    both = [normalised(states) for states in (one, other)]
    if any(states is None for states in both) or not len(one):
        return float("nan")
    _, trace = rotation(*both)  # type: ignore[arg-type]
    return float(np.clip(1 - trace**2, 0, 1))


def normalised(states: Float[np.ndarray, "p d"]) -> Float[np.ndarray, "p d"] | None:
    """Return states around their mean with norm 1, None where they are all alike."""
    if not len(states):
        return None
    centred = states - states.mean(axis=0)
    size = np.linalg.norm(centred)
    alike = size <= np.finfo(float).eps * max(1.0, float(np.abs(states).max()))
    return None if alike or not np.isfinite(size) else centred / size


def renaming(
    one: Places, other: Places, first: Int[np.ndarray, " p"], second: Int[np.ndarray, " p"]
) -> SignedPermutation:
    """Return the signed permutation of units that fits best, given which points are the same."""
    mine, theirs = (
        _by_unit(of_units(one, other)[first]),
        _by_unit(of_units(other, one)[second]),
    )
    if one.jacobian is None or other.jacobian is None:
        return _assigned(np.zeros((len(mine), len(theirs))), mine, theirs)
    slopes = one.jacobian[first], other.jacobian[second]
    alike = _apart(*(_by_unit(np.sort(np.abs(J), axis=2)) for J in slopes))  # whatever the signs
    found = _assigned(alike, mine, theirs)
    for _ in range(_PASSES):
        columns = np.empty_like(slopes[0])
        columns[:, :, found.unit] = slopes[0] * found.sign
        wide = np.hstack([mine, _by_unit(columns)]), np.hstack([theirs, _by_unit(slopes[1])])
        again = _assigned(alike, *wide)
        if (again.unit == found.unit).all() and (again.sign == found.sign).all():
            break
        found = again
    return found


def of_units(one: Places, other: Places) -> Float[np.ndarray, "n d f"]:
    """Return what each unit is at each point: its value, and what it gets from each input there.

    Inputs count where another network has as many.
    """
    values = one.states[:, :, None]
    mine, theirs = one.input_jacobian, other.input_jacobian
    if mine is None or theirs is None or mine.shape[2] != theirs.shape[2]:
        return values
    return np.concatenate([values, mine], axis=2)


def _by_unit(rows: Float[np.ndarray, "p d f"]) -> Float[np.ndarray, "d pf"]:
    return rows.transpose(1, 0, 2).reshape(rows.shape[1], -1)


def _assigned(
    alike: Float[np.ndarray, "d d"],
    mine: Float[np.ndarray, "d f"],
    theirs: Float[np.ndarray, "d f"],
) -> SignedPermutation:
    from scipy.optimize import linear_sum_assignment

    plus, minus = _apart(mine, theirs), _apart(mine, -theirs)
    rows, unit = linear_sum_assignment(alike + np.minimum(plus, minus))
    sign = np.where(plus[rows, unit] <= minus[rows, unit], 1, -1)
    return SignedPermutation(unit.astype(np.int64), sign.astype(np.int64))


def _apart(
    one: Float[np.ndarray, "a f"], other: Float[np.ndarray, "b f"]
) -> Float[np.ndarray, "a b"]:
    from scipy.spatial.distance import cdist

    distances: np.ndarray = cdist(one, other) if one.size else np.zeros((len(one), len(other)))
    return distances
