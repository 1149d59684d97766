"""Regions and their connections as mRNNTorch's objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..._core.validation import (
    check_flag,
    check_kind,
    check_option,
    check_real,
    check_whole,
    whole_number,
)
from ...errors import ArgumentError, came
from ...models.running import options_of_weights
from ..shared import raises_as_before

Tensor = torch.Tensor

_SIGNS = {"pos": 1.0, "neg": -1.0}


@dataclass(frozen=True, eq=False)
class RegionConnection:
    """The weights of one projection: parameter, mask and signs, each (units to, units from)."""

    parameter: Tensor
    weight_mask: Tensor
    sign_matrix: Tensor
    zero_connection: bool = False


@raises_as_before
class Region:
    """A population and where it projects to; `region["to"]` or `region[0]` is a connection.

    Parameters
    ----------
    num_units
        How many units.
    sign
        "pos" or "neg", of all weights out of it where Dale's law holds.
    device
        Where its tensors are.

    Examples
    --------
    >>> region = InputRegion(2, sign="neg")
    >>> region.add_connection("exc", 3)
    >>> region["exc"].sign_matrix.shape, region.has_connection_to("inh")
    (torch.Size([3, 2]), False)
    """

    def __init__(self, num_units: int, sign: str = "pos", device: Any = "cpu") -> None:
        self.num_units = check_whole("num_units", num_units, least=1)
        self.sign = check_option("sign", sign, _SIGNS)
        options_of_weights(None, device)
        self.device = device
        self.connections: dict[str, RegionConnection] = {}

    def __repr__(self) -> str:
        to = ", ".join(name for name in self.connections if self.has_connection_to(name))
        return f"{type(self).__name__}({self.num_units} {self.sign}{f', to {to}' if to else ''})"

    @property
    def masks(self) -> dict[str, Tensor]:
        """Vectors of ones and of zeros, one number for each unit."""
        like = torch.zeros(self.num_units, device=self.device)
        return {"ones": like + 1, "zeros": like}

    def add_connection(
        self,
        dst_region_name: str,
        dst_region_units: int,
        sparsity: float | None = None,
        zero_connection: bool = False,
    ) -> None:
        """Connect to a region; `sparsity` is the fraction of zeros per source unit.

        Raises
        ------
        ArgumentError
            If it is connected already.
        """
        check_kind("dst_region_name", dst_region_name, str, "a name")
        n = check_whole("dst_region_units", dst_region_units, least=1)
        known = self.connections.get(dst_region_name)
        if known is not None and not known.zero_connection:
            raise ArgumentError(f"dst_region_name: {dst_region_name!r} is connected already.")
        mask = torch.ones(n, self.num_units, device=self.device)
        if sparsity is not None:
            zeros = round(check_real("sparsity", sparsity, least=0, most=1) * n)
            for column in mask.T:
                column[torch.randperm(n)[:zeros]] = 0.0
        mask = mask * (not check_flag("zero_connection", zero_connection))
        self.connections[dst_region_name] = RegionConnection(
            torch.zeros_like(mask), mask, _SIGNS[self.sign] * mask, zero_connection
        )

    def has_connection_to(self, region: str) -> bool:
        """Return whether there is a connection to a region."""
        check_kind("region", region, str, "a name")
        known = self.connections.get(region)
        return known is not None and not known.zero_connection

    def __getitem__(self, idx: str | int) -> RegionConnection:
        if (place := whole_number(idx)) is not None:
            idx = list(self.connections)[place]
        if not isinstance(idx, str):
            raise ArgumentError(f"idx: got {came(idx)}, but a region or a number is wanted.")
        return self.connections[check_option("idx", idx, self.connections)]


@raises_as_before
class RecurrentRegion(Region):
    """A recurrent population.

    Parameters
    ----------
    num_units, sign, device
        As of `Region`.
    base_firing, init
        Tonic input and initial state of every unit.
    parent_region
        A name for this region and others together.
    learnable_bias
        Whether the tonic input is trained.
    """

    def __init__(
        self,
        num_units: int,
        base_firing: float = 0.0,
        init: float = 0.0,
        sign: str = "pos",
        parent_region: str | None = None,
        learnable_bias: bool = False,
        device: Any = "cpu",
    ) -> None:
        super().__init__(num_units, sign, device)
        tonic = torch.full((num_units,), check_real("base_firing", base_firing))
        self.init = torch.full((num_units,), check_real("init", init), device=device)
        self.learnable_bias = check_flag("learnable_bias", learnable_bias)
        self.base_firing = torch.nn.Parameter(tonic) if learnable_bias else tonic
        if parent_region is not None:
            check_kind("parent_region", parent_region, str, "a name")
        self.parent_region = parent_region


class InputRegion(Region):
    """A group of input channels."""


def block(matrices: Sequence[Tensor], rows: np.ndarray, columns: np.ndarray) -> RegionConnection:
    """Return what stands in some rows and columns of weights, mask and signs."""
    to, source = torch.as_tensor(rows), torch.as_tensor(columns)
    parameter, mask, signs = (matrix[to][:, source] for matrix in matrices)
    return RegionConnection(parameter, mask, signs)
