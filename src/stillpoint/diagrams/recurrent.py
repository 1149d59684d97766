"""Cycles of a map and limit cycles of a flow, as what can be followed along a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Complex, Float

from .._core.arrays import host
from ..branches.solution import Solution
from ..dynamics import Dynamics
from ..dynamics.transforms import Iterated
from ..recurrence.limit_cycles.limit_cycle import N_STATES, multipliers
from ..recurrence.limit_cycles.shooting import Shooting, pieces_for, velocities

# The error of integration, relative to the size of an orbit, and the largest gap that counts as
# none, in units of it.
_INTEGRATION, _GAP = 1e-10, 100.0


@final
@dataclass(frozen=True)
class MapCycles(Solution):
    """Cycles of a map of one period."""

    period: int
    noun = "cycles"

    def view(self, dynamics: Dynamics) -> Dynamics:
        return Iterated(dynamics, self.period)

    def told(
        self, dynamics: Dynamics, x: Float[np.ndarray, "n v"], u: Float[np.ndarray, "n m"]
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        orbit = self.orbits(dynamics, x, u)
        return x, np.full(len(x), float(self.period)), _amplitude(orbit)

    def phase(
        self, dynamics: Dynamics, x: Float[np.ndarray, "n v"], u: Float[np.ndarray, "n m"]
    ) -> Float[np.ndarray, "n p"] | None:
        if self.period == 1:
            return None
        orbit = self.orbits(dynamics, x, u)
        parts = next(p for p in range(2, self.period + 1) if self.period % p == 0)
        return orbit[:, self.period // parts] - x

    @property
    def is_halved(self) -> bool:
        return self.period % 2 == 0

    def orbits(
        self, dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
    ) -> Float[np.ndarray, "n k d"]:
        asarray, states = dynamics.arrays.asarray, [x]
        for _ in range(self.period - 1):
            states.append(host(dynamics.step(asarray(states[-1]), asarray(u))))
        return np.stack(states, axis=1)


@final
@dataclass(frozen=True)
class LimitCycles(Solution):
    """Limit cycles of a flow."""

    n_pieces: int
    noun = "limit cycles"
    tolerance = _GAP * _INTEGRATION

    @classmethod
    def of(cls, dynamics: Dynamics) -> LimitCycles:
        """Return them with as many states along the cycle as suit the number of variables."""
        return cls(pieces_for(dynamics.state_size))

    def view(self, dynamics: Dynamics) -> Shooting:
        return Shooting(dynamics.differentiated_quickly(), self.n_pieces, _INTEGRATION)

    def spectrum(self, dynamics: Dynamics, x: Any, u: Any) -> Complex[np.ndarray, "n m"]:
        assert isinstance(dynamics, Shooting)
        states, _ = dynamics.orbits(x)
        _, slopes = dynamics.pieces(x, u, tangent=True)
        assert slopes is not None
        rates = velocities(dynamics.flow, states, u)
        values = np.full((len(x), dynamics.flow.state_size - 1), complex(np.nan))
        finite = np.isfinite(slopes).all(axis=(1, 2, 3))
        values[finite] = multipliers(rates[finite], slopes[finite])[1]
        return values

    def told(
        self,
        dynamics: Dynamics,
        x: Float[np.ndarray, "n v"],
        u: Float[np.ndarray, "n m"],
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        shooting = self.view(dynamics)
        states, period = shooting.orbits(x)
        return states[:, 0], period, _amplitude(shooting.states_along(x, u, N_STATES))

    def phase(
        self,
        dynamics: Dynamics,
        x: Float[np.ndarray, "n v"],
        u: Float[np.ndarray, "n m"],  # noqa: ARG002
    ) -> Float[np.ndarray, "n p"] | None:
        states, _ = self.view(dynamics).orbits(x)
        return (states - states.mean(axis=1, keepdims=True)).reshape(len(x), -1)


def _amplitude(orbits: Float[np.ndarray, "n k d"]) -> Float[np.ndarray, " n"]:
    spread = orbits - orbits.mean(axis=1, keepdims=True)
    return np.asarray(np.sqrt((spread**2).sum(axis=2).mean(axis=1)))
