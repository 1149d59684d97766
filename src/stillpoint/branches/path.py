"""What branches walk along, and the polyline of inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from .._core.validation import read_floats
from ..errors import ArgumentError, came
from ..system import System

Parameters = Float[np.ndarray, " n"]
Pieces = Int[np.ndarray, " n"]

# Places lie on a path where their inputs are this near to it, relative to its size.
_ON_PATH = 1e-9

# Parameters are apart by this share of their size.
_LEAST_SPAN = 1e-6


class Path(ABC):
    """A way through inputs or systems, by a parameter; see `path` and `family`.

    Attributes
    ----------
    corners
        Ascending parameters between which the path is smooth, both ends among them.
    """

    corners: Float[np.ndarray, " c"]

    @property
    def low(self) -> float:
        """The parameter at which it begins."""
        return float(self.corners[0])

    @property
    def high(self) -> float:
        """The parameter at which it ends."""
        return float(self.corners[-1])

    def piece(self, s: Parameters) -> Pieces:
        """Return in which smooth piece parameters lie, the next one at a corner."""
        return np.clip(np.searchsorted(self.corners, s, side="right") - 1, 0, len(self.corners) - 2)

    @abstractmethod
    def inputs_at(self, s: Parameters, piece: Pieces) -> Float[np.ndarray, "n m"]:
        """Return the inputs at parameters."""

    @abstractmethod
    def groups(
        self, system: System, s: Parameters, piece: Pieces
    ) -> Iterator[tuple[Int[np.ndarray, " k"], System, Float[np.ndarray, "k m"]]]:
        """Yield rows that have one system: which they are, the system, and their inputs."""

    @abstractmethod
    def check(self, system: System) -> None:
        """Refuse a path that is not one of a system.

        Raises
        ------
        ArgumentError
            If sizes differ.
        """

    @abstractmethod
    def places(
        self, inputs: Float[np.ndarray, "n m"], at: float | None, noun: str = "points"
    ) -> Parameters:
        """Return the parameters of points, from their inputs or from what the caller says."""

    def at(self, system: System, s: float) -> tuple[System, Float[np.ndarray, " m"]]:
        """Return system and input at one parameter."""
        s_row = np.array([s], dtype=np.float64)
        ((_, made, u),) = self.groups(system, s_row, self.piece(s_row))
        return made, u[0]


@final
@dataclass(frozen=True, eq=False)
class InputPath(Path):
    """A polyline through inputs; made by `path`.

    Attributes
    ----------
    inputs
        Its corners, shape (c, m).
    corners
        Their parameters, shape (c,).
    """

    inputs: Float[np.ndarray, "c m"]
    corners: Float[np.ndarray, " c"]

    def __repr__(self) -> str:
        c, m = self.inputs.shape
        return f"path({c} corners, {m} input{'s' if m != 1 else ''}, {self.low:g} to {self.high:g})"

    @property
    def slopes(self) -> Float[np.ndarray, "p m"]:
        """Inputs per parameter on each piece."""
        return np.diff(self.inputs, axis=0) / np.diff(self.corners)[:, None]

    def inputs_at(self, s: Parameters, piece: Pieces) -> Float[np.ndarray, "n m"]:
        """Return inputs; a piece goes on straight where parameters lie beyond it."""
        ahead = s - self.corners[piece]
        left = (s - self.corners[piece + 1])[:, None]
        near = ahead > np.abs(left[:, 0])  # exact at both of its corners
        from_low = self.inputs[piece] + ahead[:, None] * self.slopes[piece]
        return np.where(near[:, None], self.inputs[piece + 1] + left * self.slopes[piece], from_low)

    def groups(
        self, system: System, s: Parameters, piece: Pieces
    ) -> Iterator[tuple[Int[np.ndarray, " k"], System, Float[np.ndarray, "k m"]]]:
        yield np.arange(len(s)), system, self.inputs_at(s, piece)

    def check(self, system: System) -> None:
        if self.inputs.shape[1] != system.input_size:
            raise ArgumentError(
                f"path: got inputs of {self.inputs.shape[1]} numbers, but the system has "
                f"{system.input_size} inputs."
            )

    def places(
        self, inputs: Float[np.ndarray, "n m"], at: float | None, noun: str = "points"
    ) -> Parameters:
        if not len(inputs):
            return np.zeros(0)
        own = self.corners[:-1] + np.diff(self.corners) * self._shares(inputs)
        piece = np.broadcast_to(np.arange(own.shape[1]), own.shape)
        reached = self.inputs_at(own.ravel(), piece.ravel()).reshape(*own.shape, -1)
        apart = np.linalg.norm(reached - inputs[:, None], axis=2)
        if at is not None:
            s = np.full(len(inputs), at)
            apart = np.linalg.norm(self.inputs_at(s, self.piece(s)) - inputs, axis=1)[:, None]
        size = float(np.abs(self.inputs).max())
        if (away := apart.min(axis=1) > _ON_PATH * size).any():
            row = int(np.flatnonzero(away)[0])
            raise ArgumentError(
                f"{noun}: number {row} is under the input {inputs[row].tolist()}, which is not on "
                f"the path{'' if at is None else f' at {at:g}'}; find {noun} at an input of the "
                f"path, such as {self.inputs[0].tolist()}."
            )
        nearest = np.take_along_axis(own, apart.argmin(axis=1)[:, None], axis=1)[:, 0]
        return nearest if at is None else np.full(len(inputs), at)

    def _shares(self, inputs: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n p"]:
        """Return how far along each piece the place nearest to each input lies, 0 to 1."""
        along = np.diff(self.inputs, axis=0)
        ahead = np.einsum("npm,pm->np", inputs[:, None] - self.inputs[:-1], along)
        return np.clip(ahead / (along**2).sum(axis=1), 0.0, 1.0)


def path(*inputs: Any, values: Any = None) -> Path:
    """Return the polyline through some inputs, along which fixed points can be followed.

    Parameters
    ----------
    *inputs
        Two or more inputs, each of shape (m,), or all of them in one array, shape (c, m).
    values
        The parameter at each of them, ascending, shape (c,); 0, 1, 2, ... by default.

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        If there are fewer than two inputs, two in a row are equal, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> sp.path([0.0, 0.0], [1.0, 0.0])
    path(2 corners, 2 inputs, 0 to 1)
    >>> sp.path([-1.0], [1.0], values=[-1, 1])
    path(2 corners, 1 input, -1 to 1)
    """
    rows = read_floats("inputs", inputs[0] if len(inputs) == 1 else _stacked(inputs))
    if rows.ndim == 1 and len(inputs) > 1:  # scalars, of systems with one input
        rows = rows[:, None]
    if rows.ndim != 2 or len(rows) < 2 or not rows.shape[1]:
        raise ArgumentError(
            f"inputs: got shape {rows.shape}, but two or more inputs of shape (m,) are wanted, for "
            f"example path(rest, pulse)."
        )
    if (np.abs(np.diff(rows, axis=0)).max(axis=1) == 0).any():
        raise ArgumentError("inputs: two in a row are equal; a path goes on at each of them.")
    s = np.arange(float(len(rows))) if values is None else read_floats("values", values)
    if s.shape != (len(rows),) or not (np.diff(s) > 0).all():
        raise ArgumentError(
            f"values: got {came(values)}, but one number for each of the {len(rows)} inputs is "
            f"wanted, ascending."
        )
    for low, high in pairwise(s):
        check_span("values", float(low), float(high))
    return InputPath(inputs=rows, corners=s)


def check_span(name: str, low: float, high: float) -> None:
    """Refuse parameters whose differences are lost beside their size.

    Raises
    ------
    ArgumentError
        If they are less apart than a millionth of their size, or than 1e-100.
    """
    if high - low < max(_LEAST_SPAN * max(abs(low), abs(high)), 1e-100):
        raise ArgumentError(
            f"{name}: got {low:g} to {high:g}, which are too near to each other beside their size; "
            f"take the difference from one of them for the parameter."
        )


def _stacked(inputs: tuple[Any, ...]) -> Any:
    shapes = {read_floats("inputs", u).shape for u in inputs}
    if len(shapes) > 1:
        raise ArgumentError(f"inputs: got shapes {sorted(shapes)}, but one and the same is wanted.")
    return list(inputs)
