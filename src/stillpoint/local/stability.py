"""Stability and index, for maps and flows, from eigenvalues.

Moduli count, not real parts: a map is stable where all |lambda| < 1, a flow where all
Re lambda < 0. An eigenvalue within `MARGIN` of the border is on neither side; a point that has
one is neither stable nor, for that eigenvalue, unstable.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from ..dynamics import Kind

#: Eigenvalues this near the stability border are taken to lie on it.
MARGIN = 1e-9

#: A point with a larger condition number counts as degenerate: at a fold, where the distance to the
#: next point and the slope vanish together, rounding leaves 1e8.
DEGENERATE = 1e7


def growth(eigenvalues: Complex[np.ndarray, "... d"], kind: Kind) -> Float[np.ndarray, "... d"]:
    """Return how far each eigenvalue lies outside the stability border.

    Examples
    --------
    >>> growth(np.array([-1.5 + 0j]), "map"), growth(np.array([-1.5 + 0j]), "flow")
    (array([0.5]), array([-1.5]))
    """
    return np.abs(eigenvalues) - 1 if kind == "map" else eigenvalues.real


def n_unstable(eigenvalues: Complex[np.ndarray, "n d"], kind: Kind) -> Int[np.ndarray, " n"]:
    """Return the number of unstable directions: complex and negative real ones count too.

    Examples
    --------
    >>> n_unstable(np.array([[1.2 + 0j, -1.1 + 0j, 0.3 + 0j]]), "map")
    array([2])
    """
    return np.sum(growth(eigenvalues, kind) > MARGIN, axis=-1)


def is_stable(eigenvalues: Complex[np.ndarray, "n d"], kind: Kind) -> Bool[np.ndarray, " n"]:
    """Return whether every eigenvalue lies inside the stability border."""
    return np.all(growth(eigenvalues, kind) < -MARGIN, axis=-1)


def index(motion_jacobian: Float[np.ndarray, "n d d"]) -> Int[np.ndarray, " n"]:
    """Return sign det(-G), G the Jacobian of the motion: sign det(I - J) for a map.

    It is 1 at a stable point, -1 at a saddle with one real unstable mode beyond +1, and 0 where
    the determinant vanishes. Over all fixed points it sums to the Lefschetz number of the map.

    Examples
    --------
    >>> index(np.array([[[0.5 - 1]], [[2.0 - 1]]]))
    array([ 1, -1])
    """
    sign, _ = np.linalg.slogdet(-motion_jacobian)
    return np.rint(sign).astype(np.int64)


def condition(
    motion_jacobian: Float[np.ndarray, "n r d"], scale: float = 0.0
) -> Float[np.ndarray, " n"]:
    """Return the condition number of every matrix; infinite where singular.

    Parameters
    ----------
    motion_jacobian
        Shape (n, r, d).
    scale
        The largest singular value counts as at least this, so that a matrix that is small as a
        whole, such as I - J of one unit near a fold, does not count as well conditioned.

    Examples
    --------
    >>> condition(np.array([[[1e-3]], [[0.0]]]), scale=1.0)
    array([1000.,   inf])
    """
    values = np.linalg.svd(motion_jacobian, compute_uv=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.maximum(values[:, 0], scale) / values[:, -1]
    return np.where(values[:, -1] > 0, ratio, np.inf)


def sorted_eig(
    jacobian: Float[np.ndarray, "n d d"], kind: Kind
) -> tuple[Complex[np.ndarray, "n d"], Complex[np.ndarray, "n d d"]]:
    """Return eigenvalues, the most unstable first, and right eigenvectors, one per column."""
    values, vectors = np.linalg.eig(jacobian)
    values, vectors = values.astype(np.complex128), vectors.astype(np.complex128)
    outwards = growth(values, kind).round(12)  # conjugates tie, whatever their last digit
    order = np.lexsort((-values.imag, -values.real, -outwards), axis=-1)
    return (
        np.take_along_axis(values, order, axis=1),
        np.take_along_axis(vectors, order[:, None, :], axis=2),
    )
