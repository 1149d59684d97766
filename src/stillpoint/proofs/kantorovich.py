"""Estimates where no proof is to be had: Newton and Kantorovich's theorem in floating point.

If |G^-1 g| = eta at a state and |G^-1 (G(y) - G(z))| <= omega |y - z| around it, with
h = eta omega <= 1/2, then exactly one zero lies within (1 + sqrt(1 - 2 h)) / omega, and it lies
within (1 - sqrt(1 - 2 h)) / omega (Kantorovich 1948; Deuflhard 2004 in this affine-invariant form).
Here omega is the largest value met along random directions, so nothing is proved.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from .._core.arrays import host
from ..dynamics import Dynamics
from ..intervals.linalg import approximate_inverse
from .certificate import Certificate, ProofStatus

# Directions in which the second derivative is sampled, at these distances relative to max(1, |y|).
_DIRECTIONS, _DISTANCES = 8, (1e-3, 1e-2, 1e-1)


def estimate(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    certificate: Certificate,
) -> Certificate:
    """Return the certificate with estimated radii in the rows that have no proof.

    These rows stay unproved; their reason says that they are estimates.
    """
    rows = np.flatnonzero(~certificate.proved)
    if not len(rows):
        return certificate
    exists, unique = _radii(dynamics, x[rows], u[rows])
    credible = rows[np.isfinite(exists)]
    names = "radius_exists", "radius_unique", "reason"
    columns = {name: getattr(certificate, name).copy() for name in names}
    columns["radius_exists"][rows], columns["radius_unique"][rows] = exists, unique
    columns["reason"][credible] = ProofStatus.ESTIMATED
    return replace(certificate, **columns)


def _radii(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    kind = dynamics.arrays  # of a cycle, radii are of its first state, as in a proof
    several = dynamics.n_nodes > 1
    problem = dynamics.residual_problem() if several else dynamics.output_problem()
    inputs = kind.asarray(u)
    y = host(problem.coordinates(kind.asarray(x), inputs))

    def slope(at: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k k"]:
        return host(problem.jacobian(kind.asarray(at), inputs))

    here = slope(y)
    inverse = approximate_inverse(here)
    residual = host(problem.residual(kind.asarray(y), inputs))
    eta = np.abs(np.einsum("nij,nj->ni", inverse, residual)).max(axis=1)
    scale = np.maximum(1.0, np.abs(y).max(axis=1))
    rng = np.random.default_rng(0)
    omega = np.full(len(y), np.finfo(np.float64).tiny)
    for distance in _DISTANCES:
        for _ in range(_DIRECTIONS):
            move = rng.uniform(-1, 1, y.shape)
            move *= (distance * scale / np.abs(move).max(axis=1))[:, None]
            change = np.abs(inverse @ (slope(y + move) - here)).sum(axis=2).max(axis=1)
            omega = np.fmax(omega, change / np.abs(move).max(axis=1))
    with np.errstate(invalid="ignore"):
        root = np.sqrt(1 - 2 * eta * omega)  # NaN where the theorem does not apply
    return 2 * eta / (1 + root), (1 + root) / omega
