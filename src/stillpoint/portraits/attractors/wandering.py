"""What an orbit does that comes to rest nowhere, from its Lyapunov exponents and its states."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from ...errors import ArgumentError
from ...points import OrbitEnd
from ...system import System
from ..lyapunov import lyapunov

# Exponents are asked for along so many steps: few at first, many where these leave it open. One is
# zero within this many times its error, or within this over the time.
_FEW, _MANY = 2000, 20_000
_ZERO = 5.0

# States that stand for what an orbit moves on, and those that show whether another moves on the
# same: those are no further from it than this many times what its own are from their neighbours,
# of which not the nearest are taken, as a rotation comes back much nearer than it moves on average.
_CLOUD, _SEEN = 4096, 512
_SAME, _NEIGHBOURS = 3.0, 4

# Beside each other, states along a line are together this many times as far apart, at least, as the
# line extends; those that creep in a few places are not.
_FILLED = 0.5


@dataclass(frozen=True, eq=False)
class Wandering:
    """An orbit that does not come to rest, and what it does.

    Attributes
    ----------
    kind
        `OrbitEnd.CHAOS`, `TORUS`, `CURVE` (or, of a flow, `CYCLE`), or `MOVING` where it comes
        closer to what no exponent tells.
    exponents
        Its largest Lyapunov exponents, up to three.
    """

    system: System
    x: Float[np.ndarray, " d"]
    u: Float[np.ndarray, " m"]
    kind: OrbitEnd
    exponents: Float[np.ndarray, " k"]

    @classmethod
    def of(
        cls,
        system: System,
        x: Float[np.ndarray, " d"],
        u: Float[np.ndarray, " m"],
        steps: int = _FEW,
    ) -> Wandering:
        k = min(3, system.state_size)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                spectrum = lyapunov(system, x, u, k=k, steps=steps, transient=steps // 4)
        except ArgumentError:  # it diverges
            return cls(system, x, u, OrbitEnd.MOVING, np.full(k, np.nan))
        is_flow, dt = system.kind == "flow", system.dt or 1.0
        zero = np.maximum(_ZERO * np.nan_to_num(spectrum.errors), _ZERO / (steps * dt))
        kind = _kind(spectrum.exponents, zero, is_flow, system.state_size)
        return cls(system, x, u, kind, spectrum.exponents * (1.0 if is_flow else dt))

    def at_length(self) -> Wandering:
        """Return what more steps say, where few of them leave it open; chaos they do not.

        Exponents of what comes to a cycle very slowly are zeros as well, but it fills no line.
        """
        if self.kind == OrbitEnd.CHAOS:
            return self
        seen = Wandering.of(self.system, self.x, self.u, _MANY)
        return seen if seen.fills_lines else replace(seen, kind=OrbitEnd.MOVING)

    @property
    def fills_lines(self) -> bool:
        """Whether it moves all over lines or more, and not in a few places only."""
        return bool(self.apart.sum() > _FILLED * np.ptp(self.states, axis=0).max())

    @property
    def apart(self) -> Float[np.ndarray, " t"]:
        """How far its states are from a near neighbour."""
        return cKDTree(self.states).query(self.states, _NEIGHBOURS + 1)[0][:, -1]

    @cached_property
    def states(self) -> Float[np.ndarray, "t d"]:
        """States that stand for what it moves on."""
        return _window(self.system, self.x[None], self.u, _CLOUD)[0]

    def moves_alike(self, others: Float[np.ndarray, "k d"]) -> Bool[np.ndarray, " k"]:
        """Whether orbits from other states move where this one does."""
        tree, seen = cKDTree(self.states), _window(self.system, others, self.u, _SEEN)
        apart = np.median(self.apart)
        return np.array([np.median(tree.query(path)[0]) <= _SAME * apart for path in seen])


def _kind(
    exponents: Float[np.ndarray, " k"], zero: Float[np.ndarray, " k"], is_flow: bool, d: int
) -> OrbitEnd:
    """Return what the largest exponents say; along a flow one is zero in any case.

    Where as many are zeros as there are dimensions, nothing attracts as far as they tell.
    """
    if not np.isfinite(exponents).all():
        return OrbitEnd.MOVING
    if exponents[0] > zero[0]:
        return OrbitEnd.CHAOS
    zeros = int((np.abs(exponents) <= zero).sum()) - is_flow
    if zeros + is_flow >= d:
        return OrbitEnd.MOVING
    if zeros <= 0:
        return OrbitEnd.CYCLE if is_flow and zeros == 0 else OrbitEnd.MOVING
    return OrbitEnd.CURVE if zeros == 1 and not is_flow else OrbitEnd.TORUS


def _window(
    system: System, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, " m"], steps: int
) -> Float[np.ndarray, "k t d"]:
    """Return the states in the steps that follow."""
    return system.simulate(x, np.tile(u, (len(x), steps, 1)))
