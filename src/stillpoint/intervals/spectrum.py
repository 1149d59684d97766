"""Proved counts of unstable directions, for all matrices of an interval at once.

First by an approximate eigenbasis: in its coordinates the matrix is nearly block-diagonal, with
the eigenvalues, or pairs of them, on the diagonal, and Gershgorin's discs (for blocks: Feingold and
Varga 1962) hold the exact ones. While the error grows from zero to its true size no eigenvalue
leaves the discs, so if each disc lies on one side of the border, the count on either side is that
of the approximate eigenvalues.

Where eigenvalues cluster or there is no basis of eigenvectors, by inertia: if P - A^T P A is
positive definite, A has no eigenvalue on the unit circle and as many outside as P has negative ones
(Stein's equation; Ostrowski and Schneider 1962); for a flow the same of -(A^T P + P A).
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.linalg import (
    LinAlgError,
    block_diag,
    schur,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
)

from .interval import EPS, Interval, upward
from .linalg import approximate_inverse, is_positive_definite, negative_eigenvalues, row_sums

#: What stands for a count that is not proved.
UNDECIDED = -1


def count_unstable(jacobian: Interval, kind: Literal["map", "flow"]) -> Int[np.ndarray, " n"]:
    """Return how many eigenvalues of every matrix of an interval lie beyond the stability border.

    The matrices have shape (n, d, d). For a map the border is the unit circle, for a flow the
    imaginary axis. Where no count is proved, it is `UNDECIDED`.

    Examples
    --------
    >>> count_unstable(Interval(np.diag([1.5, -1.2, 0.3])[None]), "map")
    array([2])
    >>> count_unstable(Interval(np.array([[[0.5, 1.0], [0.0, 0.5]]])), "map")  # no eigenbasis
    array([0])
    >>> count_unstable(Interval(np.ones((1, 1, 1))), "map")  # on the border
    array([-1])
    """
    answer = _by_eigenbasis(jacobian, kind)
    for k in np.flatnonzero(answer == UNDECIDED):
        answer[k] = _by_inertia(jacobian[k], kind)
    return answer


def _by_eigenbasis(jacobian: Interval, kind: Literal["map", "flow"]) -> Int[np.ndarray, " n"]:
    answer = np.full(len(jacobian), UNDECIDED)
    usable = np.flatnonzero(np.isfinite(jacobian.mid).all(axis=(1, 2)))
    A = jacobian[usable]
    eigenvalues, basis, diagonal = _real_eigenbasis(A.mid)
    inverse = approximate_inverse(basis)
    error = A @ basis - Interval(basis) @ diagonal
    # V^-1 R = Y R + (I - Y V) V^-1 R for any Y near V^-1 bounds the rows of V^-1 R by themselves.
    own = row_sums(Interval(inverse) @ error)
    defect = row_sums(Interval(np.eye(A.shape[1])) - Interval(inverse) @ basis)
    with np.errstate(all="ignore"):
        whole = own.max(axis=1) / ((1 - defect.max(axis=1)) * (1 - 4 * EPS))
        rows = upward(own + defect * whole[:, None])
        radius = upward(np.where(eigenvalues.imag == 0, rows, rows + _partner(rows, eigenvalues)))
        low, high = _growth_between(eigenvalues, radius, kind)
    proved = (defect.max(axis=1) < 1) & ((high < 0) | (low > 0)).all(axis=1)
    answer[usable[proved]] = (low > 0).sum(axis=1)[proved]
    return answer


def _real_eigenbasis(
    matrices: Float[np.ndarray, "n d d"],
) -> tuple[Complex[np.ndarray, "n d"], Float[np.ndarray, "n d d"], Float[np.ndarray, "n d d"]]:
    """Return eigenvalues, a real basis, and the block-diagonal matrices in it.

    A pair a +- bi with eigenvector p + qi has p and q in the basis and the block [[a, b], [-b, a]].
    """
    values, vectors = np.linalg.eig(matrices)
    values, vectors = values.astype(np.complex128), vectors.astype(np.complex128)
    second = values.imag < 0  # of a pair, which stands behind the first
    basis = np.where(second[:, None, :], -vectors.imag, vectors.real)
    identity = np.eye(values.shape[1])
    above, below = np.eye(len(identity), k=1), np.eye(len(identity), k=-1)
    diagonal = values.real[:, :, None] * identity
    diagonal += np.maximum(values.imag, 0)[:, :, None] * above
    diagonal += np.minimum(values.imag, 0)[:, :, None] * below
    return values, basis, diagonal


def _partner(
    rows: Float[np.ndarray, "n d"], eigenvalues: Complex[np.ndarray, "n d"]
) -> Float[np.ndarray, "n d"]:
    """Return, for each eigenvalue of a pair, the value of the other."""
    return np.where(eigenvalues.imag > 0, np.roll(rows, -1, axis=1), np.roll(rows, 1, axis=1))


def _growth_between(
    eigenvalues: Complex[np.ndarray, "n d"],
    radius: Float[np.ndarray, "n d"],
    kind: Literal["map", "flow"],
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d"]]:
    """Return bounds of how far beyond the border the discs reach."""
    if kind == "flow":
        return (
            np.nextafter(eigenvalues.real - radius, -np.inf),
            np.nextafter(eigenvalues.real + radius, np.inf),
        )
    modulus = np.abs(eigenvalues)
    slack = upward(8 * EPS * modulus + radius)
    return np.nextafter(modulus - slack, -np.inf) - 1, np.nextafter(modulus + slack, np.inf) - 1


def _by_inertia(jacobian: Interval, kind: Literal["map", "flow"]) -> int:
    P = _lyapunov_matrix(jacobian.mid, kind)
    if P is None:
        return UNDECIDED
    form = Interval(P)
    if kind == "map":
        shrinks = form - jacobian.T @ (form @ jacobian)
    else:
        shrinks = -(jacobian.T @ form + form @ jacobian)
    if not is_positive_definite(shrinks):
        return UNDECIDED
    negative = negative_eigenvalues(form)
    return UNDECIDED if negative is None else negative


def _lyapunov_matrix(
    A: Float[np.ndarray, "d d"], kind: Literal["map", "flow"]
) -> Float[np.ndarray, "d d"] | None:
    """Return a symmetric P for which P - A^T P A (or -(A^T P + P A)) is about the identity.

    The stable and the unstable part are separated first, as products of their eigenvalues may be
    one (their sums zero), where the equation for both together has no solution.
    """
    solve = solve_discrete_lyapunov if kind == "map" else solve_continuous_lyapunov
    sign = 1.0 if kind == "map" else -1.0
    try:
        T, Q, stable = schur(A, sort="iuc" if kind == "map" else "lhp")
        top, corner, bottom = T[:stable, :stable], T[:stable, stable:], T[stable:, stable:]
        shear = np.eye(len(A))  # [[I, X], [0, I]] with top X - X bottom = -corner
        if 0 < stable < len(A):
            shear[:stable, stable:] = solve_sylvester(top, -bottom, -corner)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an ill-conditioned P proves less, and nothing false
            parts = [solve(part.T, sign * np.eye(len(part))) for part in (top, bottom) if len(part)]
        to_parts = np.linalg.solve(shear, Q.T)
    except (LinAlgError, np.linalg.LinAlgError, ValueError):
        return None
    P = to_parts.T @ block_diag(*parts) @ to_parts
    return 0.5 * (P + P.T)
