"""Eigenvalues with their errors, and what they decide: the stability and the index of a state.

Moduli count, not real parts: a map is stable where all |lambda| < 1, a flow where all
Re lambda < 0. A Jacobian is known up to an error, and so are its eigenvalues. If V holds the
eigenvectors of A, of unit length, every eigenvalue of A + E lies in one of the discs around
lambda_i with radius d |w_i| |E|, w_i being row i of V^-1: |w_i| is the condition number of lambda_i
(Bauer and Fike 1960; Wilkinson 1965, whose discs are those of Gershgorin for V^-1 (A + E) V). Where
a disc meets the border, as in long chains of units, the inertia of all matrices that near to A
may still decide; where it does not, nothing is said.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.linalg import matrix_balance

from .._core.arrays import finite_or_zero
from ..dynamics import Kind
from ..intervals import Interval
from ..intervals.spectrum import UNDECIDED, count_unstable

#: Eigenvalues this near the stability border are taken to lie on it. For a flow that is slower than
#: one step per unit of time, this is relative to its fastest mode.
MARGIN = 1e-9


@np.errstate(all="ignore")
def growth(eigenvalues: Complex[np.ndarray, "... d"], kind: Kind) -> Float[np.ndarray, "... d"]:
    """Return how far each eigenvalue lies outside the stability border.

    Examples
    --------
    >>> growth(np.array([-1.5 + 0j]), "map"), growth(np.array([-1.5 + 0j]), "flow")
    (array([0.5]), array([-1.5]))
    """
    return np.abs(eigenvalues) - 1 if kind == "map" else eigenvalues.real


def margin(eigenvalues: Complex[np.ndarray, "... d"], kind: Kind) -> Float[np.ndarray, "... 1"]:
    """Return how near the border an eigenvalue is taken to lie on it."""
    if kind == "map":
        return np.full((*eigenvalues.shape[:-1], 1), MARGIN)
    fastest = np.abs(eigenvalues).max(axis=-1, keepdims=True, initial=0.0)
    return MARGIN * np.minimum(1.0, fastest)


def n_unstable(eigenvalues: Complex[np.ndarray, "n d"], kind: Kind) -> Int[np.ndarray, " n"]:
    """Return the number of unstable directions: complex and negative real ones count too.

    Examples
    --------
    >>> n_unstable(np.array([[1.2 + 0j, -1.1 + 0j, 0.3 + 0j]]), "map")
    array([2])
    """
    return np.sum(growth(eigenvalues, kind) > margin(eigenvalues, kind), axis=-1)


def is_stable(eigenvalues: Complex[np.ndarray, "n d"], kind: Kind) -> Bool[np.ndarray, " n"]:
    """Return whether every eigenvalue lies inside the stability border."""
    return np.all(growth(eigenvalues, kind) < -margin(eigenvalues, kind), axis=-1)


@np.errstate(all="ignore")
def decided_unstable(
    jacobian: Float[np.ndarray, "n d d"],
    jacobian_error: Float[np.ndarray, " n"],
    eigenvalues: Complex[np.ndarray, "n d"],
    errors: Float[np.ndarray, "n d"],
    kind: Kind,
) -> Int[np.ndarray, " n"]:
    """Return the number of unstable directions, `UNDECIDED` where errors leave it open.

    Parameters
    ----------
    jacobian, jacobian_error
        Matrices A, shape (n, d, d), and their errors relative to |A|, shape (n,).
    eigenvalues, errors
        Theirs, and how far off each may be (`eigenvalue_errors`), shape (n, d).
    kind
        "map" or "flow".

    Examples
    --------
    >>> chain = 0.5 * np.eye(2) + np.eye(2, k=1)  # 0.5 twice, with a single eigenvector
    >>> values, vectors = sorted_eig(chain[None], "map")
    >>> errors = eigenvalue_errors(chain[None], np.array([1e-15]), vectors)
    >>> decided_unstable(chain[None], np.array([1e-15]), values, errors, "map")
    array([0])
    >>> decided_unstable(chain[None], np.array([0.5]), values, errors, "map")
    array([-1])
    """
    border = margin(eigenvalues, kind)
    answer = n_unstable(eigenvalues, kind)
    crosses = (errors > border) & ~(np.abs(growth(eigenvalues, kind)) > errors)
    rows = np.flatnonzero(crosses.any(axis=1))
    if len(rows):
        A = finite_or_zero(jacobian[rows])
        size = np.linalg.norm(A, axis=(1, 2), keepdims=True) / max(1, A.shape[1])
        radius = jacobian_error[rows, None, None] * (np.abs(A) + size)
        known = np.isfinite(radius).all(axis=(1, 2)) & np.isfinite(eigenvalues[rows]).all(axis=1)
        answer[rows] = UNDECIDED
        answer[rows[known]] = count_unstable(Interval(A[known], radius[known]), kind)
    return answer


@np.errstate(all="ignore")
def eigenvalue_errors(
    jacobian: Float[np.ndarray, "n d d"],
    jacobian_error: Float[np.ndarray, " n"],
    right: Complex[np.ndarray, "n d d"],
) -> Float[np.ndarray, "n d"]:
    """Return how far each eigenvalue may be off, given its matrix up to a relative error.

    Where it is large, it is taken where units are scaled so that rows and columns are alike
    (Parlett and Reinsch 1969), as errors are relative to entries. Infinite where there is no basis
    of eigenvectors.

    Examples
    --------
    >>> A = np.array([[[0.5, 1e8], [0.0, 0.25]]])
    >>> eigenvalue_errors(A, np.array([1e-15]), sorted_eig(A, "map")[1]) < 1e-13
    array([[ True,  True]])
    """
    known = np.isfinite(jacobian).all(axis=(1, 2)) & np.isfinite(right).all(axis=(1, 2))
    A, V = finite_or_zero(jacobian), np.where(known[:, None, None], right, np.eye(right.shape[1]))
    errors = jacobian_error[:, None] * _disc_radii(A, V)
    for k in np.flatnonzero(~(errors <= MARGIN).all(axis=1) & known):
        balanced, (scale, _) = matrix_balance(A[k], permute=False, separate=True)
        errors[k] = jacobian_error[k] * _disc_radii(balanced[None], (V[k] / scale[:, None])[None])
    return np.where(known[:, None] & np.isfinite(errors), errors, np.inf)


def _disc_radii(
    A: Float[np.ndarray, "n d d"], V: Complex[np.ndarray, "n d d"]
) -> Float[np.ndarray, "n d"]:
    """Return d |A| times the condition number of each eigenvalue, given eigenvectors."""
    V = V / np.linalg.norm(V, axis=1, keepdims=True)
    try:
        inverse = np.linalg.inv(V)
    except np.linalg.LinAlgError:
        if len(V) == 1:
            return np.full(V.shape[:2], np.inf)
        return np.concatenate(
            [_disc_radii(*pair) for pair in zip(A[:, None], V[:, None], strict=True)]
        )
    size = A.shape[1] * np.linalg.norm(A, axis=(1, 2))
    return size[:, None] * np.linalg.norm(inverse, axis=2)


@np.errstate(all="ignore")
def index(motion_jacobian: Float[np.ndarray, "n d d"]) -> Int[np.ndarray, " n"]:
    """Return sign det(-G), G the Jacobian of the motion: sign det(I - J) for a map.

    It is 1 at a stable point, -1 at a saddle with one real unstable mode beyond +1, and 0 where
    the determinant vanishes or is not known. Over all fixed points it sums to the Lefschetz number
    of the map.

    Examples
    --------
    >>> index(np.array([[[0.5 - 1]], [[2.0 - 1]]]))
    array([ 1, -1])
    """
    sign, _ = np.linalg.slogdet(-motion_jacobian)
    known = np.isfinite(motion_jacobian).all(axis=(1, 2)) & np.isfinite(sign)
    return np.rint(np.where(known, sign, 0.0)).astype(np.int64)


@np.errstate(all="ignore")
def condition(
    motion_jacobian: Float[np.ndarray, "n r d"], scale: float = 0.0
) -> Float[np.ndarray, " n"]:
    """Return the condition number of every matrix; infinite where singular or not finite.

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
    values = np.linalg.svd(finite_or_zero(motion_jacobian), compute_uv=False)
    ratio = np.maximum(values[:, 0], scale) / values[:, -1]
    return np.where(values[:, -1] > 0, ratio, np.inf)


@np.errstate(all="ignore")
def sorted_eigvals(jacobian: Float[np.ndarray, "d d"], kind: Kind) -> Complex[np.ndarray, " d"]:
    """Return the eigenvalues of one matrix in the order of `sorted_eig`."""
    if not np.isfinite(jacobian).all():
        return np.full(len(jacobian), np.nan + 0j)
    values = np.linalg.eigvals(jacobian).astype(np.complex128)
    return values[outermost_first(values, kind)]


def outermost_first(values: Complex[np.ndarray, "... d"], kind: Kind) -> Int[np.ndarray, "... d"]:
    """Return the order of eigenvalues in which the most unstable comes first."""
    outwards = growth(values, kind).round(12)  # conjugates tie, whatever their last digit
    return np.lexsort((-values.imag, -values.real, -outwards), axis=-1)


@np.errstate(all="ignore")
def sorted_eig(
    jacobian: Float[np.ndarray, "n d d"], kind: Kind
) -> tuple[Complex[np.ndarray, "n d"], Complex[np.ndarray, "n d d"]]:
    """Return eigenvalues, the most unstable first, and right eigenvectors, one per column.

    They are NaN where a Jacobian is not finite: there the network leaves what float64 holds.
    """
    known = np.isfinite(jacobian).all(axis=(1, 2))
    values, vectors = np.linalg.eig(finite_or_zero(jacobian))
    values, vectors = values.astype(np.complex128), vectors.astype(np.complex128)
    values[~known], vectors[~known] = np.nan, np.nan
    order = outermost_first(values, kind)
    return (
        np.take_along_axis(values, order, axis=1),
        np.take_along_axis(vectors, order[:, None, :], axis=2),
    )
