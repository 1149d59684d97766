"""What belongs to some units of a larger system while the others are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import to_numpy
from .._core.validation import read_floats
from .._core.values import read_json
from ..errors import ArgumentError
from .base import Dynamics
from .regions import Regions
from .transforms import Clamped, Restricted, Transformed


@dataclass(frozen=True, eq=False)
class Restriction:
    """Which units of a larger system are kept, and the values that hold all others.

    `holding` is None where the held units are the last inputs. With `shares` S, what is held, or an
    input, is x_held + S x_kept: sums that the larger system conserves.

    Examples
    --------
    >>> part = Restriction(kept=np.array([2, 0]), held=np.array([1]))
    >>> x, u = part.from_full(np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 0)))
    >>> x, u, part.to_full(x, u)
    (array([[3., 1.]]), array([[2.]]), array([[1., 2., 3.]]))
    """

    kept: Int[np.ndarray, " k"]
    held: Int[np.ndarray, " r"]
    holding: Float[np.ndarray, " r"] | None = None
    shares: Float[np.ndarray, "r k"] | None = None

    @classmethod
    def of(cls, dynamics: Dynamics) -> Restriction | None:
        """Return the restriction that some dynamics were made of, the last of several, or None."""
        clamped = None
        while isinstance(dynamics, Transformed) and not isinstance(dynamics, Restricted):
            clamped = dynamics if isinstance(dynamics, Clamped) else clamped
            dynamics = dynamics.inner
        if not isinstance(dynamics, Restricted):
            return None
        holding = None
        if clamped is not None:  # the inputs that it fixes are counted as the restriction does
            holding = to_numpy(clamped.fixed)[clamped.places >= dynamics.inner.input_size]
        shares = None if dynamics.shares is None else to_numpy(dynamics.shares)
        return cls(dynamics.kept, dynamics.held, holding, shares)

    @property
    def full_size(self) -> int:
        """The number of units of the larger system."""
        return len(self.kept) + len(self.held)

    @property
    def n_held_inputs(self) -> int:
        """How many of the inputs are held units."""
        return len(self.held) if self.holding is None else 0

    def from_full(
        self, states: Float[np.ndarray, "n D"], inputs: Float[np.ndarray, "n m"]
    ) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "n _"]]:
        """Return states of the kept units, and inputs with those held units that follow them."""
        x = states[:, self.kept]
        behind = states[:, self.held] + self._shared(x) if self.holding is None else x[:, :0]
        return x, np.hstack([inputs, behind])

    def to_full(
        self, x: Float[np.ndarray, "n k"], u: Float[np.ndarray, "n _"]
    ) -> Float[np.ndarray, "n D"]:
        """Return states of the larger system: the inverse of `from_full`."""
        full = np.empty((len(x), self.full_size))
        full[:, self.kept] = x
        own_inputs = u.shape[1] - self.n_held_inputs
        held = u[:, own_inputs:] if self.holding is None else self.holding
        full[:, self.held] = held - self._shared(x)
        return full

    def _shared(self, x: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n r"]:
        if self.shares is None:
            return np.zeros((len(x), len(self.held)))
        return x @ self.shares.T

    def input_regions(self, states: Regions, inputs: Regions) -> Regions:
        """Return the inputs' names when held units follow them: held regions keep their names."""
        m, context = inputs.size, states.restricted(self.held)
        if self.shares is not None:
            size = m + len(self.held)
            members = {**inputs.members, "conserved": range(m, size)}
            return Regions(size, members, inputs.parents)
        behind = {name: [m + i for i in places] for name, places in context.members.items()}
        size = m + len(self.held)
        members = {**inputs.members, **behind, "held": range(m, size)}
        return Regions(size, members, {**inputs.parents, **context.parents})

    def read_holding(self, holding: Any) -> Float[np.ndarray, " r"]:
        """Return the values of the held units from those, or from a state of the larger system.

        Raises
        ------
        ArgumentError
            If it is neither.
        """
        values = read_floats("holding", holding)
        if values.shape == (self.full_size,):
            values = values[self.held]
        if values.shape != (len(self.held),):
            raise ArgumentError(
                f"holding: got shape {values.shape}, but ({len(self.held)},) is wanted, one "
                f"value for each held unit, or ({self.full_size},), a state of the whole system."
            )
        return values

    def to_plain(self) -> dict[str, Any]:
        """Return the restriction as what JSON can hold."""
        holding = None if self.holding is None else self.holding.tolist()
        shares = None if self.shares is None else self.shares.tolist()
        return {
            "kept": self.kept.tolist(),
            "held": self.held.tolist(),
            "holding": holding,
            "shares": shares,
        }

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Restriction:
        """Return the restriction that `to_plain` wrote down.

        Raises
        ------
        ValueError
            If it could not have written it.
        """
        kept, held = (read_json(told[name], tuple[int, ...]) for name in ("kept", "held"))
        holding = read_json(told["holding"], tuple[float, ...] | None)
        if sorted(kept + held) != list(range(len(kept + held))):
            raise ValueError("kept, held: they are not all units, each once")
        if holding is not None and len(holding) != len(held):
            raise ValueError(f"holding: has {len(holding)} values for {len(held)} units")
        values = None if holding is None else np.array(holding, dtype=np.float64)
        shares = read_json(told["shares"], tuple[tuple[float, ...], ...] | None)
        if shares is not None and {len(shares), *map(len, shares)} - {len(held), len(kept)}:
            raise ValueError("shares: are of other units")
        mixed = None if shares is None else np.array(shares).reshape(len(held), len(kept))
        return cls(np.array(kept, dtype=np.int64), np.array(held, dtype=np.int64), values, mixed)
