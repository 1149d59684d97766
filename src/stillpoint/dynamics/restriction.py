"""What belongs to some units of a larger system while the others are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import to_numpy
from .._core.grouping import group
from .._core.validation import read_floats
from .._core.values import read_json
from ..errors import ArgumentError
from .base import Dynamics
from .regions import Regions
from .transforms import Clamped, Leaf, Part, Transformed

# Sums of states that differ by less, relative to the largest, are one.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Restriction:
    """Which units of a larger system are kept, and the values that hold all others.

    `holding` is None where the held units are the last inputs. With `shares` S and `inverse` H,
    what is held, or an input, is what the larger system conserves: the sums C x, where H is the
    inverse of C_held, and S = H C_kept.

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
    inverse: Float[np.ndarray, "r r"] | None = None

    @classmethod
    def of(cls, dynamics: Dynamics) -> Restriction | None:
        """Return the restriction that some dynamics were made of, the last of several, or None."""
        clamped = None
        while isinstance(dynamics, Transformed) and not isinstance(dynamics, Part):
            clamped = dynamics if isinstance(dynamics, Clamped) else clamped
            dynamics = dynamics.inner
        if not isinstance(dynamics, Part):
            return None
        holding = None
        if clamped is not None:  # the inputs that it fixes are counted as the restriction does
            holding = to_numpy(clamped.fixed)[clamped.places >= dynamics.inner.input_size]
        told = (dynamics.shares, dynamics.inverse) if isinstance(dynamics, Leaf) else ()
        return cls(dynamics.kept, dynamics.held, holding, *map(to_numpy, told))

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
        x, held = states[:, self.kept], states[:, self.held]
        if self.shares is not None and self.inverse is not None:
            held = _alike(np.linalg.solve(self.inverse, (held + x @ self.shares.T).T).T)
        return x, np.hstack([inputs, held if self.holding is None else held[:, :0]])

    def to_full(
        self, x: Float[np.ndarray, "n k"], u: Float[np.ndarray, "n _"]
    ) -> Float[np.ndarray, "n D"]:
        """Return states of the larger system: the inverse of `from_full`."""
        full = np.empty((len(x), self.full_size))
        full[:, self.kept] = x
        own_inputs = u.shape[1] - self.n_held_inputs
        held = u[:, own_inputs:] if self.holding is None else self.holding
        if self.shares is not None and self.inverse is not None:
            held = held @ self.inverse.T - x @ self.shares.T
        full[:, self.held] = held
        return full

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
        return {
            "kept": self.kept.tolist(),
            "held": self.held.tolist(),
            "holding": holding,
            **{name: _listed(getattr(self, name)) for name in ("shares", "inverse")},
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
        sizes = {"shares": (len(held), len(kept)), "inverse": (len(held), len(held))}
        mixed = {name: _matrix(name, told[name], shape) for name, shape in sizes.items()}
        if (mixed["shares"] is None) != (mixed["inverse"] is None):
            raise ValueError("shares, inverse: one is there without the other")
        return cls(np.array(kept, dtype=np.int64), np.array(held, dtype=np.int64), values, **mixed)


def _listed(matrix: np.ndarray | None) -> Any:
    return None if matrix is None else matrix.tolist()


def _matrix(name: str, told: Any, shape: tuple[int, int]) -> np.ndarray | None:
    rows = read_json(told, tuple[tuple[float, ...], ...] | None)
    if rows is None:
        return None
    if [len(row) for row in rows] != [shape[1]] * shape[0]:
        raise ValueError(f"{name}: is of other units")
    return np.array(rows, dtype=np.float64).reshape(shape)


def _alike(sums: Float[np.ndarray, "n r"]) -> Float[np.ndarray, "n r"]:
    """Return sums of which those that differ by rounding alone are equal."""
    size = np.abs(sums).max(axis=0, initial=0.0)
    labels = group(sums / np.where(size > 0, size, 1.0), _ROUNDING)
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    return sums[first][place]
