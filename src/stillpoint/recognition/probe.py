"""What a few calls of a step tell: its values, and how it leaks far from everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import host
from ..dynamics import Dynamics
from .numbers import as_written

Rows = Float[np.ndarray, "n _"]

# So far out units are saturated, or driven as if they had no bias. What matters to them there shows
# a little aside, by a change that is larger than this fraction of the state.
_FAR = 2.0**20
_ASIDE = 2.0**-10
_ALIKE = 1e-10

# So many numbers are asked about at once.
_MOST_NUMBERS = 2**21


def with_one(y: Float[np.ndarray, "*n p"]) -> Float[np.ndarray, "*n q"]:
    """Return states and inputs with a one behind them, for the bias."""
    return np.concatenate([y, np.ones((*y.shape[:-1], 1))], axis=-1)


@dataclass(frozen=True)
class Probe:
    """A step that is called on the host, with random states and inputs to call it with."""

    dynamics: Dynamics
    rng: np.random.Generator

    @property
    def state_size(self) -> int:
        """The number of state variables d."""
        return self.dynamics.state_size

    @property
    def n_weights(self) -> int:
        """How many weights a unit has: d of states, m of inputs, and a bias."""
        return self.state_size + self.dynamics.input_size + 1

    def as_written(self, weights: Float[np.ndarray, "d k"]) -> list[Float[np.ndarray, "d _"]]:
        """Return these weights in their three parts, freed from rounding."""
        parts = np.split(weights, [self.state_size, self.n_weights - 1], axis=1)
        return [as_written(part, np.abs(weights).max()) for part in parts]

    def value(self, x: Rows, u: Rows) -> Rows:
        """Return F(x, u), shape (n, d)."""
        asarray = self.dynamics.arrays.asarray
        return host(self.dynamics.step(asarray(x), asarray(u)))

    def at(self, y: Rows) -> Rows:
        """Return F at places y = (x, u), shape (n, d)."""
        return self.value(*np.split(y, [self.state_size], axis=1))

    def places(self, n: int) -> Rows:
        """Return places y = (x, u) of size one, shape (n, d + m)."""
        return self.rng.standard_normal((n, self.n_weights - 1))

    def random(self, n: int, least: float, most: float) -> tuple[Rows, Rows]:
        """Return states and inputs whose sizes lie between two numbers, spread over decades."""
        sizes = np.exp(self.rng.uniform(np.log(least), np.log(most), (n, 1)))
        x, u = (
            sizes * self.rng.standard_normal((n, width))
            for width in (self.state_size, self.dynamics.input_size)
        )
        return x, u

    def own(
        self, units: Int[np.ndarray, " k"], y: Float[np.ndarray, "k n p"]
    ) -> tuple[Float[np.ndarray, "k n"], Float[np.ndarray, "k n"]]:
        """Return h_i and F_i of one unit i each, at states and inputs of its own; others are 0."""
        y = np.pad(y, ((0, 0), (0, 0), (0, self.n_weights - 1 - y.shape[-1])))
        x, u = np.split(y.reshape(-1, y.shape[-1]), [self.state_size], axis=1)
        rows = np.repeat(units, y.shape[1])[:, None]
        h, value = (np.take_along_axis(part, rows, axis=1) for part in (x, self.value(x, u)))
        return h.reshape(y.shape[:2]), value.reshape(y.shape[:2])

    def portions(self, units: Int[np.ndarray, " k"], n: int) -> list[Int[np.ndarray, " k"]]:
        """Return units in portions that are not too many for n values of each at once."""
        each = max(1, _MOST_NUMBERS // (n * self.n_weights))
        return [units[k : k + each] for k in range(0, len(units), each)]

    def far(self) -> Float[np.ndarray, " d"]:
        """Return a direction in which every variable takes part, with a sign of its own."""
        return self._signed(self.state_size)

    def _signed(self, size: int) -> Float[np.ndarray, " k"]:
        return self.rng.uniform(0.5, 1.5, size) * self.rng.choice([-1.0, 1.0], size)

    def leak(
        self, direction: Float[np.ndarray, " d"], *, inputs: bool
    ) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """Return dF_i / dx_i far out in a direction, and how far F_i is from that times x_i.

        The distance is infinite for units to which other states matter, and `inputs`, if asked,
        which are as far out then. Others only keep a fraction of their state, as they are
        saturated, or silent where the distance is zero.
        """
        x, u = _FAR * direction, inputs * _FAR * self._signed(self.dynamics.input_size)
        aside, beside = (
            part * (1 + _ASIDE * self.rng.uniform(-1, 1, len(part))) for part in (x, u)
        )
        there, beyond, moved = self.value(np.stack([x, 2 * x, aside]), np.stack([u, 2 * u, beside]))
        kept = (beyond - there) / x
        off = np.abs(moved - there - kept * (aside - x)) <= _ALIKE * np.abs(x)
        return kept, np.where(off, np.abs(there - kept * x), np.inf)
