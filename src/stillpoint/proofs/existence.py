"""Proofs that fixed points exist near states, how stable they are, or that there is none."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..dynamics import Dynamics
from ..intervals import Interval, upward
from ..intervals.linalg import determinant_sign
from ..intervals.spectrum import UNDECIDED, count_unstable
from .certificate import Certificate, Finding
from .krawczyk import Krawczyk

# Entries of interval matrices that are worked on at a time.
_ENTRIES = 2**21

# Where an entry of the Jacobian varies more than this, relative to max(1, its size), over a box of
# the size of rounding, a kink lies in it.
_JUMP = 1e-3

# A state this far from the fixed point that is proved, relative to max(1, |x|), is not that point:
# polished states are nearer, unless a fold is at hand.
_FAR = 5e-8


def prove(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Certificate:
    """Return what can be proved about fixed points near states; `distinct` is left open.

    Existence is proved by Krawczyk's operator on the equilibrium form, stability and index on the
    Jacobian of the map itself over the box that holds the point.

    Parameters
    ----------
    dynamics
        Canonical cells and what is made of them; of anything else nothing can be proved.
    x, u
        States and inputs, one row each.
    """
    exact, size = dynamics.enclosed(), x.shape[1]
    if exact is None:
        return Certificate.without_proof(len(x), size, Finding.BLACK_BOX)
    chunk = max(1, _ENTRIES // dynamics.working_size**2)
    starts = range(0, max(1, len(x)), chunk)
    with np.errstate(all="ignore"):
        return Certificate.concatenate(
            [_prove(exact, x[first : first + chunk], u[first : first + chunk]) for first in starts]
        )


def _prove(
    exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Certificate:
    problem, inputs = exact.equilibrium_problem(), Interval(u)
    y = problem.coordinates(Interval(x), inputs).mid
    operator = Krawczyk.at(problem, y, u)
    radius, zero_box = operator.existence()
    answer = Certificate.without_proof(*x.shape, Finding.NO_CONTRACTION)
    answer.reason[np.isnan(operator.inverse).any(axis=(1, 2))] = Finding.SINGULAR
    state = problem.state(Interval(y, zero_box), inputs)
    box = upward(np.abs(state.mid - x) + state.radius)
    far = np.isfinite(radius) & ~(box.max(axis=1) <= _FAR * np.maximum(1.0, np.abs(x).max(axis=1)))
    answer.reason[far] = Finding.FAR
    here = np.flatnonzero(np.isfinite(radius) & ~far)
    if not len(here):
        return answer
    part = operator.take(here)
    answer.proved[here] = True
    answer.reason[here] = Finding.PROVED
    answer.box[here] = box[here]
    answer.radius_exists[here] = box[here].max(axis=1)
    answer.radius_unique[here] = part.uniqueness(radius[here])
    _prove_stability(exact, state[here], inputs[here], here, answer)
    return answer


def _prove_stability(
    exact: Dynamics, state: Interval, inputs: Interval, rows: np.ndarray, answer: Certificate
) -> None:
    """Fill in the index and the number of unstable directions of some rows."""
    jacobian = exact.jacobian(state, inputs)
    count = count_unstable(jacobian, exact.kind)
    kink = (jacobian.radius > _JUMP * np.maximum(1.0, np.abs(jacobian.mid))).any(axis=(1, 2))
    count[kink] = UNDECIDED
    answer.n_unstable_proved[rows] = count
    answer.stability_reason[rows] = np.where(
        count != UNDECIDED, Finding.PROVED, np.where(kink, Finding.KINK, Finding.BORDER)
    )
    motion = exact.residual_problem().jacobian(state, inputs)
    answer.index_proved[rows] = [determinant_sign(-motion[k]) for k in range(len(rows))]


def prove_empty(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return how far around each state it is proved that there is no fixed point; 0 for no proof.

    Distances are in every coordinate of the unknowns, as for `radius_unique`.
    """
    exact = dynamics.enclosed()
    if exact is None:
        return np.zeros(len(x))
    problem, chunk = exact.equilibrium_problem(), max(1, _ENTRIES // dynamics.working_size**2)
    answer = np.zeros(len(x))
    with np.errstate(all="ignore"):
        for first in range(0, len(x), chunk):
            rows = slice(first, first + chunk)
            y = problem.coordinates(Interval(x[rows]), Interval(u[rows])).mid
            answer[rows] = Krawczyk.at(problem, y, u[rows]).emptiness()
    return answer
