"""mRNN and ElmanmRNN: regions are added one by one, then the connectivity is finalised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from ...errors import ArgumentError, StillpointError
from ...models import Connection, Connectome, InputRegion, MultiRegionRNN, RecurrentRegion
from ...system import System

Tensor = torch.Tensor


class mRNN(nn.Module):  # noqa: N801
    """A leaky multi-region network under mRNNTorch's names; a `MultiRegionRNN` does the work.

    Parameters
    ----------
    config
        Path of a JSON file with regions and connections, or None to add them by hand.
    activation
        relu, tanh, sigmoid, softplus or linear.
    noise_level_act, noise_level_inp
        Standard deviations of the noise on states and inputs.
    rec_constrained, inp_constrained
        Whether Dale's law holds for recurrent and input weights.
    batch_first
        Whether sequences are (trials, time, units).
    spectral_radius
        What the recurrent weights are scaled to.
    config_finalize
        Whether the connectivity is final once the config is read.
    device
        Where the weights are.
    dt, tau
        Step and time constant.

    Examples
    --------
    >>> rnn = mRNN(activation="tanh", inp_constrained=False)
    >>> rnn.add_recurrent_region("exc", 4, "pos")
    >>> rnn.add_input_region("inp", 1)
    >>> rnn.add_recurrent_connection("exc", "exc")
    >>> rnn.add_input_connection("inp", "exc")
    >>> rnn.finalize_connectivity()
    >>> rnn.W_rec.shape
    torch.Size([4, 4])
    """

    form: ClassVar[str] = "leaky"

    def __init__(
        self,
        config: str | Path | None = None,
        activation: str = "relu",
        noise_level_act: float = 0.01,
        noise_level_inp: float = 0.01,
        rec_constrained: bool = True,
        inp_constrained: bool = True,
        batch_first: bool = True,
        spectral_radius: float | None = None,
        config_finalize: bool = True,
        device: Any = "cpu",
        dt: float = 10.0,
        tau: float = 100.0,
    ) -> None:
        super().__init__()
        self.activation_name = activation
        self.rec_constrained, self.inp_constrained = rec_constrained, inp_constrained
        self.batch_first, self.spectral_radius, self.device = batch_first, spectral_radius, device
        self.dt, self.tau = dt, tau
        self._noise = {"noise": noise_level_act, "input_noise": noise_level_inp}
        self._lists: dict[str, list[Any]] = {
            "recurrent_regions": [],
            "input_regions": [],
            "recurrent_connections": [],
            "input_connections": [],
        }
        self.network: MultiRegionRNN | None = None
        self.register_load_state_dict_pre_hook(_into_network)
        if config is not None:
            read = Connectome.from_json(config)
            self._lists = {name: list(getattr(read, name)) for name in self._lists}
            if config_finalize and read.recurrent_regions:
                self.finalize_connectivity()

    # -- building -----------------------------------------------------------------------------

    def add_recurrent_region(
        self,
        name: str,
        num_units: int,
        sign: str = "pos",
        base_firing: float = 0.0,
        init: float = 0.0,
        parent_region: str | None = None,
        learnable_bias: bool = False,
    ) -> None:
        """Add a recurrent region."""
        region = RecurrentRegion(
            name, num_units, sign, base_firing, init, parent_region, learnable_bias
        )
        self._add("recurrent_regions", region)

    def add_input_region(self, name: str, num_units: int, sign: str = "pos") -> None:
        """Add an input region."""
        self._add("input_regions", InputRegion(name, num_units, sign))

    def add_recurrent_connection(
        self, src_region: str, dst_region: str, sparsity: float | None = None
    ) -> None:
        """Connect two recurrent regions; `sparsity` is the fraction of zeros per source unit."""
        self._add("recurrent_connections", Connection(src_region, dst_region, sparsity))

    def add_input_connection(
        self, src_region: str, dst_region: str, sparsity: float | None = None
    ) -> None:
        """Connect an input region to a recurrent region."""
        self._add("input_connections", Connection(src_region, dst_region, sparsity))

    def finalize_connectivity(self) -> None:
        """Make the weights; what was not connected is zero.

        Raises
        ------
        ArgumentError
            If regions or connections do not fit each other; one message lists every problem.
        """
        if self.network is None:
            self.network = MultiRegionRNN(
                self._connectome,
                self.activation_name,
                form=self.form,
                dt=self.dt,
                tau=self.tau,
                dale=self.rec_constrained,
                dale_inputs=self.inp_constrained,
                spectral_radius=self.spectral_radius,
                batch_first=self.batch_first,
                seed=int(torch.randint(2**31, ())),  # of torch's own generator, as in the original
                device=self.device,
                **self._noise,
            )

    # -- weights and sizes --------------------------------------------------------------------

    @property
    def W_rec(self) -> Tensor:  # noqa: N802
        """Raw recurrent weights, before mask and signs."""
        return self._final.W_rec

    @property
    def W_rec_mask(self) -> Tensor:  # noqa: N802
        """Ones where recurrent weights exist."""
        return self._final.W_rec_mask

    @property
    def W_rec_sign_matrix(self) -> Tensor:  # noqa: N802
        """Signs of recurrent weights under Dale's law."""
        return self._final.W_rec_sign_matrix

    @property
    def W_inp(self) -> Tensor:  # noqa: N802
        """Raw input weights, before mask and signs."""
        return self._final.W_inp

    @property
    def W_inp_mask(self) -> Tensor:  # noqa: N802
        """Ones where input weights exist."""
        return self._final.W_inp_mask

    @property
    def W_inp_sign_matrix(self) -> Tensor:  # noqa: N802
        """Signs of input weights under Dale's law."""
        return self._final.W_inp_sign_matrix

    @property
    def tonic_inp(self) -> Tensor:
        """The tonic input of every unit."""
        return self._final.b

    @property
    def initial_condition(self) -> Tensor:
        """The initial state of every unit."""
        return self._final.init

    @property
    def alpha(self) -> float:
        """dt / tau."""
        return self._final.alpha

    @property
    def region_dict(self) -> Mapping[str, RecurrentRegion]:
        """The recurrent regions by name."""
        return {region.name: region for region in self._lists["recurrent_regions"]}

    @property
    def inp_dict(self) -> Mapping[str, InputRegion]:
        """The input regions by name."""
        return {region.name: region for region in self._lists["input_regions"]}

    @property
    def hid_regions(self) -> list[str]:
        """Names of the recurrent regions."""
        return list(self.region_dict)

    @property
    def inp_regions(self) -> list[str]:
        """Names of the input regions."""
        return list(self.inp_dict)

    @property
    def total_num_units(self) -> int:
        """The number of recurrent units."""
        return sum(region.num_units for region in self._lists["recurrent_regions"])

    @property
    def total_num_inputs(self) -> int:
        """The number of input channels."""
        return sum(region.num_units for region in self._lists["input_regions"])

    # -- regions ------------------------------------------------------------------------------

    def get_region_indices(self, region: str) -> tuple[int, int]:
        """Return the first index of a region and one past its last."""
        inputs = self._final.connectome.input_channels
        regions = inputs if region in inputs.names else self._final.regions
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
        weights = self._final.W if W is None else W
        rows = torch.as_tensor(self._final.indices(*self.ensure_order(*regions)))
        return weights[rows][:, rows] if regions else weights

    def get_projection(self, to: str, from_: str) -> Tensor:
        """Return the effective weights from a region (or input region) to a region."""
        return self._final.weights_between(to=to, source=from_)

    def get_excluded_hid_regions(self, *regions: str) -> list[str]:
        """Return the recurrent regions that are not given."""
        given = {child for name in regions for child in self._final.regions.children(name)}
        return [name for name in self.region_dict if name not in given]

    def ensure_order(self, *regions: str) -> tuple[str, ...]:
        """Return regions, parents expanded, in the order of the model."""
        given = {child for name in regions for child in self._final.regions.children(name)}
        return tuple(name for name in self.region_dict if name in given)

    def combine_states(
        self,
        states_a: Tensor,
        states_b: Tensor,
        region_list_a: list[str],
        region_list_b: list[str],
    ) -> Tensor:
        """Return whole states from those of two disjoint lists of regions that cover the model."""
        joined = torch.cat([states_a, states_b], dim=-1)
        order = torch.as_tensor(self._final.indices(*region_list_a, *region_list_b)).argsort()
        if len(order) != self.total_num_units:
            raise ArgumentError(
                f"region lists: they cover {len(order)} of {self.total_num_units} units; name "
                f"every region once: {', '.join(self.region_dict)}."
            )
        return joined[..., order]

    def __stillpoint_system__(self) -> System:
        return self._final.system()

    # -- running ------------------------------------------------------------------------------

    def forward(
        self,
        inp: Tensor,
        x0: Tensor,
        h0: Tensor | None = None,
        stim_input: Tensor | None = None,
        noise: bool = False,
        W_rec: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the sequences of x and h."""
        return self._final(inp, x0, h0, stimulus=stim_input, weights=W_rec, noisy=noise)

    # -- inside -------------------------------------------------------------------------------

    @property
    def _connectome(self) -> Connectome:
        return Connectome(**self._lists)

    @property
    def _final(self) -> MultiRegionRNN:
        if self.network is None:
            raise StillpointError(
                f"{type(self).__name__}: its connectivity is not final yet; call "
                f"finalize_connectivity() after the last region and connection."
            )
        return self.network

    def _add(self, name: str, entry: Any) -> None:
        if self.network is not None:
            raise StillpointError(
                f"{type(self).__name__}: the connectivity is final; add regions and connections "
                f"before finalize_connectivity()."
            )
        self._lists[name].append(entry)


class ElmanmRNN(mRNN):
    """The Elman form under mRNNTorch's names: the state is h itself."""

    form: ClassVar[str] = "elman"

    def forward(  # type: ignore[override]
        self,
        inp: Tensor,
        h0: Tensor,
        stim_input: Tensor | None = None,
        noise: bool = False,
        W_rec: Tensor | None = None,
    ) -> Tensor:
        """Return the sequence of h."""
        return self._final(inp, h0, stimulus=stim_input, weights=W_rec, noisy=noise)[1]


def _into_network(_: mRNN, state: dict[str, Any], prefix: str, *__: Any) -> None:
    """Before weights are loaded: six tensors of mRNNTorch belong to the network inside."""
    for key in [key for key in state if key.startswith(prefix + "W_")]:
        state[f"{prefix}network.{key.removeprefix(prefix)}"] = state.pop(key)
