"""mRNN and ElmanmRNN: networks of regions by mRNNTorch's names."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.validation import check_flag, check_kind, check_whole, read_floats
from ...errors import ArgumentError
from ...models.running import check_shape
from ...models.weights import effective, scale_to_radius
from ...system import System
from ..shared import raises_as_before
from .assembly import out_of_network
from .regional import Regional
from .regions import Region

Tensor = torch.Tensor

_WEIGHTS = {
    *("W_rec", "W_rec_mask", "W_rec_sign_matrix"),
    *("W_inp", "W_inp_mask", "W_inp_sign_matrix"),
}

_ACTIVATIONS: dict[str, type[torch.nn.Module]] = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid,
    "softplus": torch.nn.Softplus,
    "linear": torch.nn.Identity,
}


def _of_the_network(name: str, doc: str) -> Any:
    """Return a property: an attribute of the final network, by another name."""
    return property(lambda self: getattr(self._final, name), doc=doc)


@raises_as_before
class mRNN(Regional):  # noqa: N801
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

    W_rec = _of_the_network("W_rec", "Raw recurrent weights, before mask and signs.")
    W_rec_mask = _of_the_network("W_rec_mask", "Ones where recurrent weights exist.")
    W_rec_sign_matrix = _of_the_network("W_rec_sign_matrix", "Signs of recurrent weights.")
    W_inp = _of_the_network("W_inp", "Raw input weights, before mask and signs.")
    W_inp_mask = _of_the_network("W_inp_mask", "Ones where input weights exist.")
    W_inp_sign_matrix = _of_the_network("W_inp_sign_matrix", "Signs of input weights.")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _WEIGHTS:  # a parameter of the network inside, which has a shape of its own
            inside = getattr(self._final, name)
            check_shape(
                name, check_kind(name, value, Tensor, "a torch tensor"), tuple(inside.shape), inside
            )
            is_trained = isinstance(inside, torch.nn.Parameter)
            if is_trained and not isinstance(value, torch.nn.Parameter):
                value = torch.nn.Parameter(value.detach().clone())
            setattr(self._final, name, value if is_trained else value.detach().clone())
        elif name == "activation":  # a module, which torch would register instead
            names = {kind: known for known, kind in _ACTIVATIONS.items()}
            self.activation_name = names.get(type(value), value)
        else:
            super().__setattr__(name, value)

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Return the weights by mRNNTorch's six names, which its networks load, too."""
        check_kind("prefix", prefix, str, "a string")
        check_flag("keep_vars", keep_vars)
        if destination is not None:
            check_kind("destination", destination, MutableMapping, "a dictionary")
            for name in destination:
                check_kind("destination", name, str, "a dictionary by names")
        state = super().state_dict(destination=destination, prefix=prefix, keep_vars=keep_vars)
        out_of_network(state, prefix)
        return state

    @property
    def tonic_inp(self) -> Tensor:
        """The tonic input of every unit."""
        return self._per_unit("base_firing") if self.network is None else self.network.b

    @property
    def initial_condition(self) -> Tensor:
        """The initial state of every unit."""
        return self._per_unit("init") if self.network is None else self.network.init

    def _per_unit(self, name: str) -> Tensor:
        regions = self._lists["recurrent_regions"]
        told = [torch.full((r.num_units,), float(getattr(r, name))) for r in regions]
        return torch.cat([torch.zeros(0), *told]).to(self.device)

    @property
    def alpha(self) -> float:
        """dt / tau; 1 for an Elman network."""
        return self.dt / self.tau if self.form == "leaky" else 1.0

    @property
    def activation(self) -> torch.nn.Module:
        """The activation, as a module."""
        return _ACTIVATIONS[self.activation_name]()

    @property
    def sigma_recur(self) -> float:
        """Standard deviation of the noise on states."""
        return float(self._noise["noise"])

    @property
    def sigma_input(self) -> float:
        """Standard deviation of the noise on inputs."""
        return float(self._noise["input_noise"])

    @property
    def hid_noise_const(self) -> float:
        """The noise of a step on states, sqrt(2 alpha sigma^2) / alpha."""
        return float(np.sqrt(2 / self.alpha)) * self.sigma_recur

    @property
    def inp_noise_const(self) -> float:
        """The noise of a step on inputs."""
        return float(np.sqrt(2 / self.alpha)) * self.sigma_input

    def batched_initial_condition(self, batch_size: int) -> Any:
        """Return the initial state for a batch: of a leaky network twice, as x and as h."""
        rows = self.initial_condition.repeat(check_whole("batch_size", batch_size, least=1), 1)
        return rows if self.form == "elman" else (rows, rows.clone())

    # -- weights ------------------------------------------------------------------------------

    def apply_dales_law(
        self, W_rec: Tensor, W_rec_mask: Tensor, W_rec_sign_matrix: Tensor
    ) -> Tensor:
        """Return weights as Dale's law has them: masked absolute values, signed."""
        check_kind("W_rec", W_rec, Tensor, "a torch tensor")
        for name, of in (("W_rec_mask", W_rec_mask), ("W_rec_sign_matrix", W_rec_sign_matrix)):
            check_shape(name, check_kind(name, of, Tensor, "a torch tensor"), W_rec.shape, W_rec)
        return effective(W_rec, W_rec_mask, W_rec_sign_matrix)

    def gen_w(self, dict_: Mapping[str, Region]) -> tuple[Tensor, Tensor, Tensor]:
        """Return weights, masks and signs of `region_dict` or `inp_dict`, as matrices."""
        sources = check_kind("dict_", dict_, Mapping, "region_dict or inp_dict")
        if not sources:
            raise ArgumentError("dict_: it has no region; region_dict or inp_dict is wanted.")
        for region in sources.values():
            check_kind("dict_", region, Region, "a table of regions")
        whole = []
        for part in ("parameter", "weight_mask", "sign_matrix"):
            columns = [
                torch.cat([getattr(region[name], part) for name in self.hid_regions])
                for region in sources.values()
            ]
            whole.append(torch.cat(columns, dim=1))
        W, mask, signs = whole
        return W, mask, signs

    def compute_spectral_radius(self, weight: Tensor) -> Tensor:
        """Return the largest modulus of the eigenvalues of a square matrix."""
        return torch.linalg.eigvals(_square("weight", weight)).abs().max()

    def set_spectral_radius(self, W: Tensor, W_tmp: Tensor | None = None) -> Tensor:
        """Return W times what gives `W_tmp`, or W itself, the spectral radius of the network."""
        if self.spectral_radius is None:
            raise ArgumentError("spectral_radius: it is None; set it before weights are scaled.")
        _square("W", W)
        scaled = W if W_tmp is None else _square("W_tmp", W_tmp)
        return W * scale_to_radius(scaled, self.spectral_radius)

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


def _square(name: str, weights: Any) -> Tensor:
    """Return weights, which must be a square matrix."""
    check_kind(name, weights, Tensor, "a torch tensor")
    read_floats(name, weights)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not weights.numel():
        raise ArgumentError(
            f"{name}: got shape {tuple(weights.shape)}, but a square matrix is wanted."
        )
    return weights


@raises_as_before
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
