"""The best proof there is that a list of fixed points is complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...dynamics import Dynamics, RateForm
from ...intervals import Interval
from ...intervals.linalg import solve_enclosed
from .arrangement import sign_patterns
from .bisection import bisect
from .boxed import boxed_form
from .contraction import is_contraction, settle
from .equations import Equations
from .linear_regions import survey
from .low_rank import Latent, latent_of
from .record import Exhaustion

#: How many boxes or linear regions are looked at before a proof is given up.
BUDGET = 300_000

# Networks with more unknowns than this are not bisected; with so many, few are finished.
_MOST_DIMENSIONS = 8

# Rectified networks with more units than this, and a higher rank, have too many regions.
_MOST_UNITS = 16

# Boxes of networks with more numbers to compute for each than this count as several.
_USUAL_WORK = 1000


def exhaust(dynamics: Dynamics, u: Float[np.ndarray, " m"], *, budget: int = BUDGET) -> Exhaustion:
    """Return all fixed points under one input, with a proof that there are no others.

    Parameters
    ----------
    dynamics
        A network. Proofs are available for vanilla and leaky cells that are contractions, or of
        low rank (or few units), for rectified ones with few linear regions, and for GRUs,
        LSTMs and stacks of cells with few units; also clamped and restricted.
    u
        The input.
    budget
        How many boxes or linear regions are looked at before a proof is given up.

    Examples
    --------
    >>> from stillpoint.cells import VanillaCell
    >>> cell = VanillaCell(np.array([[2.0]]), np.zeros((1, 0)), np.zeros(1))
    >>> exhaust(cell, np.zeros(0))
    proved: exactly 3 fixed points (bisection in 1 dimension)
    """
    proof = _Proof(dynamics.state_size, u, budget)
    enclosed = dynamics.enclosed()
    if enclosed is None:
        return proof.not_available("the step is a black box, which cannot be enclosed")
    with np.errstate(all="ignore"):  # what is infinite or NaN proves nothing
        form = enclosed.rate_form(Interval(u[None]))
        if form is not None:
            return proof.of_rates(form)
        boxed = boxed_form(enclosed, u[None])
        if boxed is None:
            return proof.not_available("no box is known that holds all fixed points")
        return proof.by_bisection(boxed)


@dataclass(frozen=True)
class _Proof:
    """The methods, each of which returns what it proved."""

    state_size: int
    u: Float[np.ndarray, " m"]
    budget: int

    def of_rates(self, form: RateForm) -> Exhaustion:
        """Choose the method for r = phi(W r + c)."""
        if is_contraction(form):
            states = settle(form)
            reason = "the only fixed point was not reached"
            return self._found(states, "contraction", 1, 1 - len(states), reason)
        if form.phi == "linear":
            return self._by_one_system(form)
        latent = latent_of(form, _MOST_UNITS if form.phi == "relu" else _MOST_DIMENSIONS)
        if latent is None:
            return self.not_available(
                f"{self.state_size} units whose weights have no low rank are too many"
            )
        return self._by_regions(latent) if form.phi == "relu" else self.by_bisection(latent)

    def by_bisection(self, equations: Equations) -> Exhaustion:
        """Exclude every box without a fixed point."""
        size = equations.size
        if equations.region is None:
            return self.not_available("no box is known that holds all fixed points")
        bisects = size <= _MOST_DIMENSIONS
        budget = max(1, int(self.budget * min(1.0, _USUAL_WORK / equations.work)))
        found = bisect(equations, equations.region, budget if bisects else 1)
        if not bisects and len(found.open):
            return self.not_available(f"{size} dimensions are too many for bisection")
        undecided = found.open.joined(found.stuck)
        if len(found.open):
            reason = f"{found.examined} boxes were examined, and the budget is {budget}"
        elif len(found.stuck):
            middle = equations.states(found.stuck.intervals.mid[:1])[0]
            reason = (
                f"{len(found.stuck)} small boxes, one of them at {_short(middle)}, may hold "
                f"degenerate fixed points, or a continuum of them"
            )
        else:
            reason = "some fixed points are too near each other to be told apart"
        method = f"bisection in {size} dimension{'' if size == 1 else 's'}"
        left = len(undecided) + found.zeros.unresolved
        states = equations.states(found.zeros.where.mid)
        return self._found(states, method, found.examined, left, reason)

    def _by_regions(self, latent: Latent) -> Exhaustion:
        """Solve the linear system of every region."""
        patterns = sign_patterns(latent, self.budget)
        if isinstance(patterns, str):
            bisects = latent.size <= _MOST_DIMENSIONS and latent.region is not None
            return self.by_bisection(latent) if bisects else self.not_available(patterns)
        found = survey(latent, patterns)
        if found.singular:
            reason = (
                f"the equations of {found.singular} linear regions are singular, or nearly so: "
                f"a continuum of fixed points may lie there"
            )
        else:
            reason = f"fixed points on kinks may be degenerate in {found.unclear} linear regions"
        left = found.singular + found.unclear + found.zeros.unresolved
        states = latent.states(found.zeros.where.mid)
        return self._found(states, "linear regions", len(patterns), left, reason)

    def _by_one_system(self, form: RateForm) -> Exhaustion:
        """Solve r = W r + c."""
        matrix = np.eye(self.state_size) - Interval(form.W)
        rates, regular = solve_enclosed(matrix[None], form.c[None])
        states = form.states(rates.mid[regular])
        reason = "I - W is singular, or nearly so: there may be none, or a continuum"
        return self._found(states, "linear regions", 1, int(not regular.all()), reason)

    def _found(
        self, states: Float[np.ndarray, "k d"], method: str, examined: int, left: int, reason: str
    ) -> Exhaustion:
        proved = left == 0
        return Exhaustion(self.u, states, proved, method, examined, left, "" if proved else reason)

    def not_available(self, reason: str) -> Exhaustion:
        """Return that nothing was tried."""
        nothing = np.zeros((0, self.state_size))
        return Exhaustion(self.u, nothing, False, "not available", 0, 0, reason)


def _short(state: Float[np.ndarray, " d"]) -> str:
    """Return the first values of a state."""
    values = ", ".join(f"{value:.4g}" for value in state[:3])
    return f"({values}{', ...' if len(state) > 3 else ''})"
