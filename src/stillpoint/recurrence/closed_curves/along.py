"""Linear equations along a closed curve that turns: n(θ + ρ) = B(θ) n(θ) + e(θ).

What contracts is summed by doubling: two steps are one step of twice the turn, B(θ + ρ) B(θ), so
thirty doublings are a billion steps. What does not is solved for all nodes at once.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ...points.fourier import turned

# Doublings, at most; a product of matrices that is as small as the first has no more to add, and
# one as large as the second does not contract.
_DOUBLINGS = 40
_GONE, _GROWN = 1e-9, 1e6

# Unknowns of a dense system, at most: 130 MB of numbers, and a second or two.
_DENSE = 4000

Matrices = Float[np.ndarray, "n d d"]
States = Float[np.ndarray, "n d"]


def bounded_solution(B: Matrices, e: States, rho: float, contracts: bool = False) -> States | None:
    """Return n with n(θ + ρ) = B(θ) n(θ) + e(θ) at every node, None where that is out of reach.

    It is, too, if B `contracts` according to the caller, and does not.

    Examples
    --------
    >>> B, e = np.full((3, 1, 1), 0.5), np.ones((3, 1))
    >>> bounded_solution(B, e, 0.3).ravel(), bounded_solution(4 * B, e, 0.3).ravel()
    (array([2., 2., 2.]), array([-1., -1., -1.]))
    """
    total = _by_doubling(B, e, rho)
    return _at_once(B, e, rho) if total is None and not contracts else total


def _by_doubling(B: Matrices, e: States, rho: float) -> States | None:
    """Return the sum of all that e becomes, None if it does not vanish."""
    turn = rho
    for _ in range(_DOUBLINGS):
        size = np.abs(B).max()
        if size < _GONE:
            return turned(e, -turn)
        if not size < _GROWN:
            return None
        ahead = turned(B, turn)
        e = (ahead @ e[:, :, None])[:, :, 0] + turned(e, turn)
        B, turn = ahead @ B, 2 * turn % 1.0
    return None


def _at_once(B: Matrices, e: States, rho: float) -> States | None:
    n, d = e.shape
    if n * d > _DENSE:
        return None
    shift = turned(np.eye(n), rho)
    whole = np.einsum("ij,ab->iajb", shift, np.eye(d))
    whole[np.arange(n), :, np.arange(n)] -= B
    try:
        return np.linalg.solve(whole.reshape(n * d, n * d), e.ravel()).reshape(n, d)
    except np.linalg.LinAlgError:
        return None
