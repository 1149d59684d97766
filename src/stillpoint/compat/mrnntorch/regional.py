"""Regions of a network by name: where they are, their activity, and the weights between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import torch

from ..._core.validation import check_flag, check_kind, check_option, check_sequence
from ...dynamics import Regions
from ...errors import ArgumentError
from ...models.running import check_shape, check_tensor
from ..shared import raises_as_before
from .assembly import Assembly
from .regions import InputRegion, RecurrentRegion, block

Tensor = torch.Tensor


@raises_as_before
class Regional(Assembly):
    """What a network, final or not, says of its regions."""

    # -- sizes ---------------------------------------------------------------------------------

    @property
    def region_dict(self) -> dict[str, RecurrentRegion]:
        """The recurrent regions by name, with their connections: to read, not to be changed."""
        made = {}
        for region in self._lists["recurrent_regions"]:
            told = {name: value for name, value in vars(region).items() if name != "name"}
            made[region.name] = RecurrentRegion(**told, device=self.device)
        self._connect(made, "rec")
        return made

    @property
    def inp_dict(self) -> dict[str, InputRegion]:
        """The input regions by name, with their connections: to read, not to be changed."""
        made = {
            region.name: InputRegion(region.num_units, region.sign, self.device)
            for region in self._lists["input_regions"]
        }
        self._connect(made, "inp")
        return made

    @property
    def hid_regions(self) -> list[str]:
        """Names of the recurrent regions."""
        return [region.name for region in self._lists["recurrent_regions"]]

    @property
    def inp_regions(self) -> list[str]:
        """Names of the input regions."""
        return [region.name for region in self._lists["input_regions"]]

    @property
    def total_num_units(self) -> int:
        """The number of recurrent units."""
        return sum(region.num_units for region in self._lists["recurrent_regions"])

    @property
    def total_num_inputs(self) -> int:
        """The number of input channels."""
        return sum(region.num_units for region in self._lists["input_regions"])

    def __getitem__(self, name: str) -> RecurrentRegion | InputRegion:
        regions: dict[str, Any] = {**self.inp_dict, **self.region_dict}
        return regions[check_option("region", name, regions)]

    def named_rec_regions(self, prefix: str = "") -> Iterator[tuple[str, RecurrentRegion]]:
        """Return names and recurrent regions, one by one."""
        before = check_kind("prefix", prefix, str, "a string")
        return ((before + name, region) for name, region in self.region_dict.items())

    def named_inp_regions(self, prefix: str = "") -> Iterator[tuple[str, InputRegion]]:
        """Return names and input regions, one by one."""
        before = check_kind("prefix", prefix, str, "a string")
        return ((before + name, region) for name, region in self.inp_dict.items())

    def get_region_size(self, region: str) -> int:
        """Return how many units a region has."""
        listed = self._lists["recurrent_regions"] + self._lists["input_regions"]
        sizes = {known.name: known.num_units for known in listed}
        return sizes[check_option("region", region, sizes)]

    @property
    def region_mask_dict(self) -> dict[str, torch.Tensor]:
        """Ones at the units of every recurrent region, zeros elsewhere, shape (d,) each."""
        sizes = [region.num_units for region in self._lists["recurrent_regions"]]
        owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        masks = ((owner == k).float().to(self.device) for k in range(len(sizes)))
        return dict(zip(self.hid_regions, masks, strict=True))

    # -- regions ------------------------------------------------------------------------------

    def get_region_indices(self, region: str) -> tuple[int, int]:
        """Return the first index of a region and one past its last."""
        if not (self.rec_finalized and self.inp_finalized):
            check_option("region", region, [*self.inp_regions, *self.hid_regions])
            kind = "input_regions" if region in self.inp_regions else "recurrent_regions"
            first = 0
            for known in self._lists[kind]:
                if known.name == region:
                    break
                first += known.num_units
            return first, first + self.get_region_size(region)
        inputs = self._final.connectome.input_channels
        is_input = isinstance(region, str) and region in inputs.names
        regions = inputs if is_input else self._final.regions
        indices = regions.indices(region)
        if (np.diff(indices) != 1).any():
            raise ArgumentError(
                f"region: the units of {region!r} are not next to each other, so no pair of "
                f"indices spans them; use get_region_activity, or name its regions."
            )
        return int(indices[0]), int(indices[-1]) + 1

    def get_region_activity(self, act: Tensor, *regions: str) -> Tensor:
        """Return the activity of regions or parents, in the order given; of all by default."""
        return self._final.activity(act, *regions) if regions else act

    def get_weight_subset(self, *regions: str, W: Tensor | None = None) -> Tensor:
        """Return the effective weights among regions, in the order of the model."""
        check_shape("W", W, (self.total_num_units, self.total_num_units), self._final.W_rec)
        weights = self._final.W if W is None else W
        rows = torch.as_tensor(self._final.indices(*self.ensure_order(*regions)))
        return weights[rows][:, rows] if regions else weights

    def get_projection(self, to: str, from_: str) -> Tensor:
        """Return the effective weights from a region (or input region) to a region."""
        return self._final.weights_between(to=to, source=from_)

    def get_excluded_hid_regions(self, *regions: str) -> list[str]:
        """Return the recurrent regions that are not given."""
        given = self.ensure_order(*regions)
        return [name for name in self.hid_regions if name not in given]

    def get_excluded_inp_regions(self, *regions: str) -> list[str]:
        """Return the input regions that are not given."""
        for name in regions:
            check_option("region", name, self.inp_regions)
        return [name for name in self.inp_regions if name not in regions]

    def ensure_order(self, *regions: str) -> tuple[str, ...]:
        """Return regions, parents expanded, in the order of the model."""
        return tuple(in_order(self._final.regions, regions))

    _ensure_order = ensure_order  # as mRNNTorch's own analyses call it

    def _get_child_regions(self, name: str) -> tuple[str, ...]:
        listed = self._lists["recurrent_regions"]
        return tuple(region.name for region in listed if region.parent_region == name)

    def combine_states(
        self,
        states_a: Tensor,
        states_b: Tensor,
        region_list_a: list[str],
        region_list_b: list[str],
        keep_dims: bool = True,
    ) -> Tensor:
        """Return whole states from those of two disjoint lists of regions that cover the model.

        Without `keep_dims` they are rows, shape (n, d), whatever the axes of the parts.
        """
        widths = []
        for name, states in (("states_a", states_a), ("states_b", states_b)):
            check_tensor(name, states, states_a if isinstance(states_a, Tensor) else self.W_rec)
            widths.append(states.shape[-1] if states.ndim else 0)
        for name, listed in (("region_list_a", region_list_a), ("region_list_b", region_list_b)):
            check_sequence(name, listed, str, "a list of regions")
        sizes = [len(self._final.indices(*names)) for names in (region_list_a, region_list_b)]
        if sizes != widths or states_a.shape[:-1] != states_b.shape[:-1]:
            raise ArgumentError(
                f"states_a, states_b: got shapes {tuple(states_a.shape)} and "
                f"{tuple(states_b.shape)}, but (..., {sizes[0]}) and (..., {sizes[1]}) are wanted."
            )
        joined = torch.cat([states_a, states_b], dim=-1)
        order = torch.as_tensor(self._final.indices(*region_list_a, *region_list_b)).argsort()
        if len(order) != self.total_num_units:
            raise ArgumentError(
                f"region lists: they cover {len(order)} of {self.total_num_units} units; name "
                f"every region once: {', '.join(self.hid_regions)}."
            )
        whole = joined[..., order]
        return whole if check_flag("keep_dims", keep_dims) else whole.reshape(-1, whole.shape[-1])

    # -- inside -------------------------------------------------------------------------------

    def _connect(self, sources: Mapping[str, Any], kind: str) -> None:
        """Give regions their connections: those of the network, or empty ones before it is made.

        `kind` is "rec" or "inp".
        """
        is_made = self.rec_finalized if kind == "rec" else self.inp_finalized
        listed = self._lists["recurrent_connections" if kind == "rec" else "input_connections"]
        members = lambda name: self._get_child_regions(name) or (name,)  # noqa: E731
        pairs = {
            pair for c in listed for pair in product(members(c.src_region), members(c.dst_region))
        }
        targets = self._lists["recurrent_regions"]
        for (source, region), to in product(sources.items(), targets):
            is_connected = (source, to.name) in pairs
            region.add_connection(to.name, to.num_units, zero_connection=not is_connected)
            if is_made and is_connected:
                network = self._final
                channels = network.regions if kind == "rec" else network.connectome.input_channels
                matrices = (f"W_{kind}", f"W_{kind}_mask", f"W_{kind}_sign_matrix")
                region.connections[to.name] = block(
                    [getattr(network, name) for name in matrices],
                    network.indices(to.name),
                    channels.indices(source),
                )


def in_order(regions: Regions, names: Iterable[str]) -> list[str]:
    """Return regions, parents expanded, in the order of the network."""
    given = {child for name in names for child in regions.children(name)}
    return [name for name in regions if name in given]
