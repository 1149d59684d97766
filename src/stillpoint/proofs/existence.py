"""Proofs that fixed points exist near states, how stable they are, or that there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import batches
from ..dynamics import Dynamics
from ..intervals import Interval, upward
from ..intervals.linalg import approximate_inverse, determinant_sign
from ..intervals.spectrum import UNDECIDED, count_unstable
from .certificate import Certificate, ProofStatus
from .krawczyk import Equations, EquilibriumForm, Krawczyk
from .zero_rates import with_zero_rates

# Entries of interval matrices that are worked on at a time.
_ENTRIES = 2**21

# Where an entry of the Jacobian varies more than this, relative to max(1, its size), over a box of
# the size of rounding, a kink lies in it.
_JUMP = 1e-3

# A state this far from the fixed point that is proved, relative to max(1, |x|), is not that point:
# polished states are nearer, unless a fold is at hand.
_FAR = 5e-8

# Cubes are inflated this often, doubling, until one proves existence.
_INFLATIONS = 6

# Half the sides of the cubes that are tried for uniqueness and emptiness, relative to max(1, |y|).
_NARROWEST = 1e-9
_WIDEST = 2.0

# The widest cube that works is located by this many halvings of the exponent.
_HALVINGS = 7

# The first cube is no smaller than this, so that it holds more than one floating-point number.
_LEAST = 1e-300


def prove(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Certificate:
    """Return what can be proved about fixed points near states.

    Existence is proved by Krawczyk's operator on the equilibrium form, stability and index on the
    Jacobian of the map itself over the box that holds the point. Of other dynamics than canonical
    cells and what is made of them nothing can be proved.
    """
    exact = dynamics.interval_extension()
    if exact is None:
        return Certificate.without_proof(x, u, ProofStatus.BLACK_BOX)
    with np.errstate(all="ignore"):
        parts = [_prove(exact, x[rows], u[rows]) for rows in _chunks(dynamics, len(x))]
    return parts[0] if len(parts) == 1 else Certificate.joined(parts)


def prove_empty(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return how far around each state it is proved that there is no fixed point; 0 for no proof.

    Distances are in every coordinate of the unknowns, as for `radius_unique`.
    """
    exact = dynamics.interval_extension()
    if exact is None:
        return np.zeros(len(x))
    with np.errstate(all="ignore"):
        parts = [_empty(exact, x[rows], u[rows]) for rows in _chunks(dynamics, len(x))]
    return np.concatenate(parts)


def _empty(
    exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    return _of_states(exact, x, u, _cubes(exact, x, u).emptiness())


def _of_states(
    exact: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    radius: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """Return radii around states x of cubes whose unknowns lie in cubes of these radii."""
    problem = exact.equilibrium_problem()
    rounded = problem.coordinates(Interval(x), Interval(u)).radius.max(axis=1)
    if problem.reach == 1.0 and not rounded.any():  # unknowns are parts of the state
        return radius
    within = (Interval(radius) - rounded) / problem.reach
    return np.maximum(within.lower, 0.0)


def _chunks(dynamics: Dynamics, n: int) -> Iterator[slice]:
    """Return slices of `n` rows, one at least, whose matrices fit into memory together."""
    return batches(max(1, n), dynamics.working_size**2, _ENTRIES)


def _cubes(exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]) -> Cubes:
    """Return the cubes around states, in the unknowns of the equilibrium form."""
    problem = exact.equilibrium_problem()
    y = problem.coordinates(Interval(x), Interval(u)).mid
    return Cubes.around(EquilibriumForm(problem, u, y.shape[1]), y)


def _prove(
    exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Certificate:
    cubes = _cubes(exact, x, u)
    radius, zero_box = cubes.existence()
    state = exact.equilibrium_problem().state(Interval(cubes.y, zero_box), Interval(u))
    box = upward(np.abs(state.mid - x) + state.radius)
    found, furthest = np.isfinite(radius), box.max(axis=1)
    proved = found & (furthest <= _FAR * np.maximum(1.0, np.abs(x).max(axis=1)))
    singular = np.isnan(cubes.inverse).any(axis=(1, 2))
    reason = np.select(
        [proved, found, singular],
        [ProofStatus.PROVED, ProofStatus.FAR, ProofStatus.SINGULAR],
        ProofStatus.NO_CONTRACTION,
    )
    here = np.flatnonzero(proved)
    unique = _of_states(exact, x[here], u[here], cubes.take(here).uniqueness(radius[here]))
    count, count_reason, index = _prove_stability(exact, state[here], Interval(u[here]))
    certificate = Certificate(
        states=x,
        inputs=u,
        proved=proved,
        radius_exists=np.where(proved, furthest, np.nan),
        radius_unique=_filled(np.full(len(x), np.nan), here, unique),
        radius_empty=np.zeros(len(x)),
        box=np.where(proved[:, None], box, np.nan),
        n_unstable_proved=_filled(np.full(len(x), UNDECIDED), here, count),
        index_proved=_filled(np.zeros(len(x), dtype=np.int64), here, index),
        reason=reason,
        stability_reason=_filled(np.full(len(x), int(ProofStatus.NOT_TRIED)), here, count_reason),
    )
    return certificate if proved.all() else with_zero_rates(exact, certificate, _FAR)


def _prove_stability(
    exact: Dynamics, state: Interval, inputs: Interval
) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Return the numbers of unstable directions, what was found of them, and the indices."""
    jacobian = exact.jacobian(state, inputs)
    kink = (jacobian.radius > _JUMP * np.maximum(1.0, np.abs(jacobian.mid))).any(axis=(1, 2))
    count = np.where(kink, UNDECIDED, count_unstable(jacobian, exact.kind))
    reason = np.where(kink, ProofStatus.KINK, ProofStatus.BORDER)
    motion = exact.residual_problem().jacobian(state, inputs)
    index = [determinant_sign(-motion[k]) for k in range(len(state))]
    reason = np.where(count != UNDECIDED, ProofStatus.PROVED, reason)
    return count, reason, np.array(index, dtype=np.int64)


def _filled(column: np.ndarray, rows: Int[np.ndarray, " j"], values: np.ndarray) -> np.ndarray:
    """Return a fresh column with its values in some rows."""
    column[rows] = values
    return column


@dataclass(frozen=True, eq=False)
class Cubes:
    """Cubes of any radius around states y, all with the same C in Krawczyk's operator.

    C is `inverse`, an approximate inverse of the Jacobian at y; NaN where that is singular.
    """

    equations: Equations
    y: Float[np.ndarray, "n k"]
    inverse: Float[np.ndarray, "n k k"]

    @classmethod
    def around(cls, equations: Equations, y: Float[np.ndarray, "n k"]) -> Cubes:
        """Return the cubes around states."""
        return cls(equations, y, approximate_inverse(equations.jacobian(Interval(y)).mid))

    def take(self, rows: Int[np.ndarray, " j"]) -> Cubes:
        """Return the cubes of some rows."""
        return Cubes(self.equations.take(rows), self.y[rows], self.inverse[rows])

    def of(self, radius: Float[np.ndarray, " n"]) -> Krawczyk:
        """Return Krawczyk's operator on the cubes of that radius."""
        boxes = Interval(self.y, radius[:, None] * np.ones_like(self.y))
        return Krawczyk.on(self.equations, boxes, self.inverse)

    def existence(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n k"]]:
        """Return the radii of small cubes that hold exactly one zero, and of boxes in them.

        The boxes around y hold the zeros; NaN where none was found.
        """
        residual = self.equations.residual(Interval(self.y))[:, :, None]
        newton = (Interval(self.inverse) @ residual).magnitude
        tried = 2 * newton.max(axis=(1, 2)) + _LEAST
        radius, box = np.full(len(self.y), np.nan), np.full_like(self.y, np.nan)
        for _ in range(_INFLATIONS):
            operator = self.of(tried)
            image = operator.offset.magnitude
            found = operator.holds_one & np.isnan(radius)
            radius[found], box[found] = tried[found], image[found]
            if not np.isnan(radius).any():
                break
            tried = 2 * np.maximum(image.max(axis=1), tried)
        return radius, box

    def uniqueness(self, least: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return the radii of the widest cubes found that hold exactly one zero, as `least` do."""
        return self._widest(least, least, lambda radius: self.of(radius).holds_one)

    def emptiness(self) -> Float[np.ndarray, " n"]:
        """Return the radius of the widest cube found around y without a zero; 0 where none is."""
        return self._widest(np.zeros(len(self.y)), _NARROWEST * self._scale, self.hold_none)

    def hold_none(self, radius: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Return where the cubes of that radius certainly hold no zero.

        They hold none where some combination of the equations cannot vanish: one of the equations,
        one of their combinations by C, or that along p(y), which at a minimum of |p| hardly
        depends on y.
        """
        operator = self.of(radius)
        along = operator.value.mid / np.linalg.norm(operator.value.mid, axis=1, keepdims=True)
        answer = operator.holds_none | operator.excludes_zero(along[:, None, :])
        return answer | operator.excludes_zero(self.inverse)

    @property
    def _scale(self) -> Float[np.ndarray, " n"]:
        return np.maximum(1.0, np.abs(self.y).max(axis=1))

    def _widest(
        self,
        widest: Float[np.ndarray, " n"],
        low: Float[np.ndarray, " n"],
        holds: Callable[[Float[np.ndarray, " n"]], Bool[np.ndarray, " n"]],
    ) -> Float[np.ndarray, " n"]:
        """Return the largest radius tried that holds, by bisection of its logarithm from `low` on.

        Where none does, `widest` comes back as it was.
        """
        low, high = np.log(low), np.log(_WIDEST * self._scale)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            tried = np.exp(middle)
            good = holds(tried)
            widest = np.where(good, tried, widest)
            low, high = np.where(good, middle, low), np.where(good, high, middle)
        return widest
