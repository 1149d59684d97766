"""A network under construction: regions are added one by one, then the connectivity is final."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from ..._core.validation import check_flag, check_option, check_real
from ...dynamics.activations import ACTIVATIONS
from ...errors import StillpointError
from ...models import Connection, Connectome, InputRegion, MultiRegionRNN, RecurrentRegion
from ..shared import raises_as_before

# Settings of the networks: what they must be, and what the network inside calls them.
_SETTINGS = {
    "activation_name": (lambda _, given: check_option("activation", given, ACTIVATIONS), "phi"),
    "rec_constrained": (check_flag, "dale"),
    "inp_constrained": (check_flag, "dale_inputs"),
    "batch_first": (check_flag, "batch_first"),
    "dt": (lambda name, given: check_real(name, given, above=0), "dt"),
    "tau": (lambda name, given: check_real(name, given, above=0), "tau"),
}


@raises_as_before
class Assembly(nn.Module):
    """Base of the networks: what is added, and the `MultiRegionRNN` that is made of it.

    Parameters are those of `mRNN`.
    """

    form: ClassVar[str]

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
        self.network: MultiRegionRNN | None = None
        self.activation_name = activation
        self.rec_constrained, self.inp_constrained = rec_constrained, inp_constrained
        self.batch_first = batch_first
        self.spectral_radius, self.device = spectral_radius, device
        self.dt, self.tau = dt, tau
        self._noise: dict[str, Any] = {
            "noise": check_real("noise_level_act", noise_level_act, least=0),
            "input_noise": check_real("noise_level_inp", noise_level_inp, least=0),
        }
        self.config_finalize = check_flag("config_finalize", config_finalize)
        #: Whether recurrent and input connections are complete; the weights are made then.
        self.rec_finalized = self.inp_finalized = False
        self._lists: dict[str, list[Any]] = {f.name: [] for f in fields(Connectome)}
        self.register_load_state_dict_pre_hook(_into_network)
        if config is not None:
            read = Connectome.from_json(config)
            self._lists = {name: list(getattr(read, name)) for name in self._lists}
            if config_finalize and read.recurrent_regions:
                self.finalize_connectivity()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SETTINGS:  # a setting counts in the network inside, too
            check, inside = _SETTINGS[name]
            value = check(name, value)
            if self.network is not None:
                setattr(self.network, inside, value)
        super().__setattr__(name, value)

    # -- building -----------------------------------------------------------------------------

    def add_recurrent_region(
        self,
        name: str,
        num_units: int,
        sign: str = "pos",
        base_firing: float = 0.0,
        init: float = 0.0,
        device: Any = None,  # noqa: ARG002
        parent_region: str | None = None,
        learnable_bias: bool = False,
    ) -> None:
        """Add a recurrent region; it lives where the network does, whatever `device` says."""
        region = RecurrentRegion(
            name, num_units, sign, base_firing, init, parent_region, learnable_bias
        )
        self._add("recurrent_regions", region)

    def add_input_region(
        self,
        name: str,
        num_units: int,
        sign: str = "pos",
        device: Any = None,  # noqa: ARG002
    ) -> None:
        """Add an input region; it lives where the network does, whatever `device` says."""
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
        if not (self.rec_finalized or self.inp_finalized):
            self.rec_finalized = self.inp_finalized = True
            self._make(())
        self.finalize_rec_connectivity()
        self.finalize_inp_connectivity()

    def finalize_rec_connectivity(self) -> None:
        """Make the recurrent weights; those of inputs may be made later."""
        if not self.rec_finalized:
            self.rec_finalized = True
            self._make(("W_inp",))

    def finalize_inp_connectivity(self) -> None:
        """Make the input weights; recurrent ones that are made already stay as they are."""
        if not self.inp_finalized:
            self.inp_finalized = True
            self._make(("W_rec", "bias_offset"))

    # -- inside -------------------------------------------------------------------------------

    def _make(self, kept: tuple[str, ...]) -> None:
        """Make the network of what is final; weights of these names stay as they are."""
        lists = {name: list(listed) for name, listed in self._lists.items()}
        if not lists["recurrent_regions"] and not self.rec_finalized:
            return  # its input weights are made with the recurrent ones
        if not self.rec_finalized:
            lists["recurrent_connections"] = []
        if not self.inp_finalized:
            lists["input_regions"] = lists["input_connections"] = []
        network = MultiRegionRNN(
            Connectome(**lists),
            self.activation_name,
            form=self.form,
            dt=self.dt,
            tau=self.tau,
            dale=self.rec_constrained,
            dale_inputs=self.inp_constrained,
            spectral_radius=self.spectral_radius if self.rec_finalized else None,
            batch_first=self.batch_first,
            seed=int(torch.randint(2**31, ())),  # of torch's own generator, as in the original
            device=self.device,
            **self._noise,
        )
        if self.network is not None:
            network.to(self.network.W_rec).train(self.network.training)
            for name in self.network.state_dict():
                if name.startswith(kept):  # the very same parameters, which may be trained already
                    setattr(network, name, getattr(self.network, name))
        self.network = network

    @property
    def _final(self) -> MultiRegionRNN:
        if self.network is None:
            raise StillpointError(
                f"{type(self).__name__}: its connectivity is not final yet; call "
                f"finalize_connectivity() after the last region and connection."
            )
        return self.network

    def _add(self, name: str, entry: Any) -> None:
        is_final = self.inp_finalized if name.startswith("input") else self.rec_finalized
        if is_final:
            raise StillpointError(
                f"{type(self).__name__}: the connectivity is final; add regions and connections "
                f"before finalize_connectivity()."
            )
        listed = [*self._lists[name], entry]
        if name.endswith("regions"):
            Connectome(**{name: listed})  # checks it, and that names are different
        self._lists[name] = listed


def _into_network(rnn: Assembly, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Before weights are loaded: six tensors of mRNNTorch belong to the network inside.

    A bias offset that is not there was zero when the weights were saved.
    """
    if rnn.network is not None and any(key.startswith(prefix + "W_") for key in state):
        none = torch.zeros_like(rnn.network.bias_offset)
        state.setdefault(f"{prefix}network.bias_offset", none)
    for key in [key for key in state if key.startswith(prefix + "W_")]:
        state[f"{prefix}network.{key.removeprefix(prefix)}"] = state.pop(key)


def out_of_network(state: dict[str, Any], prefix: str) -> None:
    """After weights are read: the six have mRNNTorch's names; a bias stays if it is not zero."""
    inside = f"{prefix}network."
    for key in [key for key in state if key.startswith(inside + "W_")]:
        state[prefix + key.removeprefix(inside)] = state.pop(key)
    if not state.get(inside + "bias_offset", torch.zeros(1)).any():
        state.pop(inside + "bias_offset", None)
