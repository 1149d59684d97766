"""One limit cycle of a flow: its states, its period with an error, and its multipliers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Complex, Float

from ..._core.arrays import solve_rows
from ...dynamics import Dynamics
from ...dynamics.integrate import integrate
from .shooting import Shooting, velocities

#: States of a cycle that are kept, at equal times.
N_STATES = 96

# Sweeps of QR decompositions around a cycle; each separates multipliers further by their ratio.
_SWEEPS = 4

# A multiplier this near to the unit circle is on neither side of it; nor is one that is nearer than
# so many times the error of the multiplier that must be 1.
_BORDER, _ERRORS = 1e-6, 10.0

# The nearest place of an orbit is sought at such times from one that is near, in units of a length
# that gets shorter, so many times.
_ZOOM, _ZOOMS = np.linspace(-1.0, 1.0, 9), 10

# Orbits this near to each other, relative to their size, are one; their periods then agree, too.
_SAME = 1e-6

# A period is divided by numbers up to this, to see whether it is the shortest.
_MOST_TURNS = 12


@dataclass(eq=False)
class LimitCycle:
    """A limit cycle.

    Attributes
    ----------
    states
        At equal times along it, shape (t, d), from about where what varies most is largest.
    inputs
        The constant input.
    period, period_error
        And by how much it changed in a last step of Newton's method on a finer integration.
    multipliers
        Of the directions across the motion, shape (d - 1,), the most unstable first.
    trivial_multiplier
        That of the direction of motion; by how much it is not 1 says how well the others are known.
    gaps
        What is left between the pieces of its orbit, shape (s, d).
    hits
        How many starts came to it.
    """

    states: Float[np.ndarray, "t d"]
    inputs: Float[np.ndarray, " m"]
    period: float
    period_error: float
    multipliers: Complex[np.ndarray, " e"]
    trivial_multiplier: float
    gaps: Float[np.ndarray, "s d"]
    hits: int = 1

    @classmethod
    def of(
        cls, shooting: Shooting, y: Float[np.ndarray, "1 k"], u: Float[np.ndarray, "1 m"]
    ) -> LimitCycle:
        """Return what is known of the cycle at the root of the equations of multiple shooting."""
        problem, y = shooting.residual_problem(), _phased(shooting, y, u)
        step = solve_rows(problem.jacobian(y, u), -problem.residual(y, u))
        if np.isfinite(step).all():
            y = y + step
        states, (period,) = shooting.orbits(y)
        ends, slopes = shooting.pieces(y, u, tangent=True)
        assert slopes is not None
        trivial, others = multipliers(velocities(shooting.flow, states, u), slopes)
        return cls(
            states=shooting.states_along(y, u, N_STATES)[0],
            inputs=u[0],
            period=float(period),
            period_error=float(period * abs(step[0, -1])),
            multipliers=others[0],
            trivial_multiplier=float(trivial[0]),
            gaps=(ends - np.roll(states, -1, axis=1))[0],
        )

    def in_units(self, scale: Float[np.ndarray, " d"]) -> LimitCycle:
        """Return the same cycle, measured in units `scale` times as small."""
        return replace(self, states=self.states * scale, gaps=self.gaps * scale)

    @property
    def size(self) -> float:
        """The root mean square distance of its states from their mean."""
        return float(np.sqrt(((self.states - self.states.mean(axis=0)) ** 2).sum(axis=1).mean()))

    @property
    def n_unstable(self) -> int:
        """The number of directions that grow, -1 where errors leave it open."""
        moduli, border = np.abs(self.multipliers), self._border
        return -1 if (np.abs(moduli - 1) <= border).any() else int((moduli > 1).sum())

    @property
    def is_stable(self) -> bool:
        """Whether all directions across the motion shrink."""
        return bool((np.abs(self.multipliers) < 1 - self._border).all())

    @property
    def _border(self) -> float:
        return max(_BORDER, _ERRORS * abs(self.trivial_multiplier - 1))

    @property
    def may_be_one_of_many(self) -> bool:
        """Whether a direction across the motion neither grows nor shrinks, as in a family."""
        return bool((np.abs(self.multipliers - 1) <= max(self._border, 1e-4)).any())

    def contains(
        self, flow: Dynamics, x: Float[np.ndarray, "k d"], within: float
    ) -> Bool[np.ndarray, " k"]:
        """Return which states lie on it, within a distance relative to its size.

        From the nearest of its own states time is searched ever finer for the nearest place.
        """
        n, k = len(x), len(_ZOOM)
        apart = np.linalg.norm(self.states - x[:, None], axis=2)
        near, length = self.states[apart.argmin(axis=1)], self.period / len(self.states)
        scale, inputs = np.full(n * k, self.size), np.tile(self.inputs, (n * k, 1))
        for _ in range(_ZOOMS):
            around, times = np.repeat(near, k, axis=0), np.tile(length * _ZOOM, n)
            tried = integrate(flow, around, inputs, times, tolerance=1e-10, scale=scale)
            tried = tried.reshape(n, k, -1)
            apart = np.linalg.norm(tried - x[:, None], axis=2)
            near = tried[np.arange(n), np.nan_to_num(apart, nan=np.inf).argmin(axis=1)]
            length *= _ZOOM[-1] / (k - 1)
        return np.linalg.norm(x - near, axis=1) <= within * self.size

    def is_orbit(self, flow: Dynamics, x: Float[np.ndarray, "1 d"], period: float) -> bool:
        """Whether a closed orbit through x, of which the period is known, is the same."""
        alike = abs(np.log(self.period / period)) < _SAME
        return bool(alike and self.contains(flow, x, _SAME)[0])


def multipliers(
    rates: Float[np.ndarray, "n s d"], slopes: Float[np.ndarray, "n s d d"]
) -> tuple[Float[np.ndarray, " n"], Complex[np.ndarray, "n e"]]:
    """Return the multipliers of orbits along the motion, and across it, the most unstable first.

    Across the motion each piece is a matrix of d - 1 rows. Their product is never formed as it
    stands: orthonormal frames are carried around the cycle by QR decompositions, so that what is
    left is nearly triangular and its small eigenvalues are as good as its large ones (Bojanczyk,
    Golub and Van Dooren 1992).

    Examples
    --------
    >>> slopes = np.stack([np.diag([1.0, 1e6]), np.diag([1.0, 1e-3])])
    >>> trivial, others = multipliers(np.array([[[1.0, 0.0], [1.0, 0.0]]]), slopes[None])
    >>> trivial.tolist(), others.real.round(6).tolist()
    ([1.0], [[1000.0]])
    """
    following = np.roll(rates, -1, axis=1)
    moved = np.einsum("nsi,nsij,nsj->ns", following, slopes, rates)
    trivial = np.asarray(np.prod(moved / (following**2).sum(axis=2), axis=1))
    across = np.linalg.qr(rates[..., None], mode="complete")[0][..., 1:]
    pieces = np.roll(across, -1, axis=1).swapaxes(2, 3) @ slopes @ across
    frame = np.tile(np.eye(across.shape[3]), (len(rates), 1, 1))
    for _ in range(_SWEEPS):
        first, whole = frame, np.tile(np.eye(across.shape[3]), (len(rates), 1, 1))
        for k in range(pieces.shape[1]):
            frame, R = np.linalg.qr(pieces[:, k] @ frame)
            whole = R @ whole
    values = np.linalg.eigvals(first.swapaxes(1, 2) @ frame @ whole).astype(np.complex128)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    return trivial, np.take_along_axis(values, order, axis=1)


def shortest_turn(
    shooting: Shooting, y: Float[np.ndarray, "1 k"], u: Float[np.ndarray, "1 m"], near: float
) -> int:
    """Return how many times an orbit goes around in what is taken for its period."""
    (states, period), turns = shooting.orbits(y), np.arange(_MOST_TURNS, 1, -1)
    x, inputs = np.repeat(states[:, 0], len(turns), axis=0), np.repeat(u, len(turns), axis=0)
    scale = np.repeat(shooting.sizes(y), len(turns))
    after = integrate(
        shooting.flow, x, inputs, period / turns, tolerance=shooting.tolerance, scale=scale
    )
    back = np.linalg.norm(after - x, axis=1) < near * scale
    return int(turns[back][0]) if back.any() else 1


def _phased(
    shooting: Shooting, y: Float[np.ndarray, "1 k"], u: Float[np.ndarray, "1 m"]
) -> Float[np.ndarray, "1 k"]:
    """Return the same orbit, from about where the variable that varies most is largest."""
    (states,), (_, period) = shooting.states_along(y, u, N_STATES), shooting.orbits(y)
    widest = int(np.ptp(states, axis=0).argmax())
    first = int(states[:, widest].argmax())
    chosen = (first + np.arange(0, N_STATES, N_STATES // shooting.n_pieces)) % N_STATES
    return shooting.unknowns(states[chosen][None], period)
