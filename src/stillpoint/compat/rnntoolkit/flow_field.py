"""FlowField: how states on a grid in a plane move in one step."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch

from ..._core.validation import check_kind, read_floats, whole_number
from ...errors import ArgumentError, came
from ..shared import raises_as_before

Tensor = torch.Tensor


@raises_as_before
@dataclass(eq=False, repr=False)
class FlowField:
    """A flow in a plane, on a grid of rows and columns; a part is indexed like a matrix.

    Parameters
    ----------
    x_vels, y_vels
        How far the two coordinates move in one step, shape (rows, columns).
    grid
        Coordinates in the plane, shape (rows, columns, 2).
    speeds
        Length of the motion in the plane relative to the longest one, shape (rows, columns).

    Raises
    ------
    ArgumentError
        If a field is no tensor of such a shape.

    Examples
    --------
    >>> still, moving = torch.zeros(3, 4), torch.ones(3, 4)
    >>> flow = FlowField(still, moving, grid=torch.zeros(3, 4, 2), speeds=moving)
    >>> len(flow), flow[1].x_vels.shape, flow[:, -1].max_y_vel
    (12, torch.Size([1, 4]), 1.0)
    """

    x_vels: Tensor
    y_vels: Tensor
    grid: Tensor
    speeds: Tensor

    def __post_init__(self) -> None:
        for field in fields(self):
            value = check_kind(field.name, getattr(self, field.name), Tensor, "a torch tensor")
            read_floats(field.name, value, finite=False)
            setattr(self, field.name, value.detach().clone())
        shape = tuple(self.x_vels.shape)
        for name, wanted in (("y_vels", shape), ("speeds", shape), ("grid", (*shape, 2))):
            got = tuple(getattr(self, name).shape)
            if len(shape) != 2 or got != wanted:
                raise ArgumentError(
                    f"{name}: got shape {got} beside x_vels of shape {shape}, but (rows, columns) "
                    f"is wanted, and (rows, columns, 2) of the grid."
                )

    @property
    def grid_rows(self) -> int:
        """The number of rows."""
        return len(self.grid)

    @property
    def grid_columns(self) -> int:
        """The number of columns."""
        return self.grid.shape[1]

    @property
    def state_size(self) -> int:
        """The number of coordinates, 2."""
        return self.grid.shape[2]

    @property
    def max_x_vel(self) -> float:
        """The largest of `x_vels`."""
        return float(self.x_vels.max())

    @property
    def min_x_vel(self) -> float:
        """The smallest of `x_vels`."""
        return float(self.x_vels.min())

    @property
    def max_y_vel(self) -> float:
        """The largest of `y_vels`."""
        return float(self.y_vels.max())

    @property
    def min_y_vel(self) -> float:
        """The smallest of `y_vels`."""
        return float(self.y_vels.min())

    @property
    def max_speed(self) -> float:
        """The largest of `speeds`."""
        return float(self.speeds.max())

    @property
    def min_speed(self) -> float:
        """The smallest of `speeds`."""
        return float(self.speeds.min())

    def __len__(self) -> int:
        return self.grid_rows * self.grid_columns

    def __getitem__(self, idx: Any) -> FlowField:
        several = idx if isinstance(idx, tuple) else (idx,)
        if len(several) > 2:
            raise ArgumentError(f"idx: got {len(several)} of them, but there are two axes.")
        kept = tuple(_kept(one, n) for one, n in zip(several, self.x_vels.shape, strict=False))
        return FlowField(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def _kept(index: Any, n: int) -> slice:
    """Return an index of one axis as a slice, which keeps the axis."""
    if isinstance(index, slice):
        return index
    place = whole_number(index)
    if place is None:
        raise ArgumentError(f"idx: got {came(index)}, but ints and slices are wanted.")
    if not -n <= place < n:
        raise IndexError(f"line {place} of {n}: indices run from {-n} to {n - 1}.")
    return slice(place % n, place % n + 1)
