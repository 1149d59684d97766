"""A recurrent network of regions, with Dale's law, lesions and stimulation, as a torch module."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from .._core.validation import (
    check_flag,
    check_kind,
    check_option,
    check_real,
    check_whole,
    read_generator,
)
from ..cells import LeakyCell, VanillaCell
from ..dynamics import Regions
from ..errors import ArgumentError
from ..system import System
from .connectome import Connectome
from .running import ACTIVATIONS, check_shape, check_tensor, options_of_weights, time_first
from .weights import check_state, effective, scale_to_radius

Tensor = torch.Tensor


class MultiRegionRNN(nn.Module):
    """Regions that project to each other, leaky or Elman.

    Leaky: x' = x + alpha (-x + W h + W_in (u + noise) + b + s + noise), h = phi(x), with
    alpha = dt / tau. Elman: h' = phi(W h + W_in (u + noise) + b + s + noise). s is a stimulus that
    bypasses the weights.

    Where Dale's law holds, ``W = mask |W_rec| sign(source)``; otherwise ``W = mask W_rec``. Rows
    are destinations, columns sources; pairs without a connection are zero blocks.

    Parameters
    ----------
    connectome
        A `Connectome`, a table of its four lists, or the path of a JSON file with them.
    phi
        relu, tanh, sigmoid, softplus or linear.
    form
        "leaky" or "elman".
    dt, tau
        Step and time constant in the same unit; alpha = dt / tau. Elman networks have none.
    dale, dale_inputs
        Whether recurrent and input weights have the sign of their source.
    spectral_radius
        If given, W is scaled to it at the start.
    noise, input_noise
        Standard deviation sigma of the noise on states and inputs; per step it is
        sqrt(2 alpha sigma^2) / alpha, with alpha = 1 for Elman. Off unless `forward` asks for it.
    batch_first
        Whether sequences are (trials, time, units) or (time, trials, units).
    seed
        Of masks and initial weights, a number or a NumPy generator; no global seed is touched.
    dtype, device
        As for any module.

    Raises
    ------
    ArgumentError
        If an argument is wrong, or W has no spectral radius to scale.

    Examples
    --------
    >>> from stillpoint.models import Connection, Connectome, InputRegion, RecurrentRegion
    >>> import stillpoint as sp
    >>> connectome = Connectome(
    ...     [RecurrentRegion("exc", 4), RecurrentRegion("inh", 2, sign="neg")],
    ...     [InputRegion("in", 1)],
    ...     [Connection("exc", "inh"), Connection("inh", "exc")],
    ...     [Connection("in", "exc")],
    ... )
    >>> sp.as_system(MultiRegionRNN(connectome, phi="tanh"))
    System(map, 6 states, 1 input, regions exc, inh; closed form)
    """

    W_rec_mask: Tensor
    W_inp_mask: Tensor
    W_rec_sign_matrix: Tensor
    W_inp_sign_matrix: Tensor
    init: Tensor
    base_firing: Tensor
    learnable_bias: Tensor

    def __init__(
        self,
        connectome: Connectome | Mapping[str, Any] | str | Path,
        phi: str = "relu",
        *,
        form: str = "leaky",
        dt: float = 10.0,
        tau: float = 100.0,
        dale: bool = True,
        dale_inputs: bool = True,
        spectral_radius: float | None = None,
        noise: float = 0.01,
        input_noise: float = 0.01,
        batch_first: bool = True,
        seed: int | np.random.Generator = 0,
        dtype: torch.dtype | None = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(connectome, Mapping):
            connectome = Connectome.from_dict(connectome)
        elif not isinstance(connectome, Connectome):
            connectome = Connectome.from_json(connectome)
        if not connectome.recurrent_regions:
            raise ArgumentError("connectome: it has no recurrent region; at least one is wanted.")
        self.connectome = connectome
        self.phi = check_option("phi", phi, ACTIVATIONS)
        self.form = check_option("form", form, ("leaky", "elman"))
        self.dt, self.tau = check_real("dt", dt), check_real("tau", tau)
        if form == "leaky" and not 0 < self.dt <= self.tau:
            raise ArgumentError(f"dt, tau: got {dt} and {tau}, but 0 < dt <= tau is wanted.")
        self.dale = check_flag("dale", dale)
        self.dale_inputs = check_flag("dale_inputs", dale_inputs)
        self.noise = check_real("noise", noise, least=0)
        self.input_noise = check_real("input_noise", input_noise, least=0)
        self.batch_first = check_flag("batch_first", batch_first)
        options = options_of_weights(dtype, device)
        self._make_weights(read_generator("seed", seed), options)
        if spectral_radius is not None:
            with torch.no_grad():
                self.W_rec.mul_(scale_to_radius(self.W, spectral_radius))
        self.register_load_state_dict_pre_hook(check_state)

    def extra_repr(self) -> str:
        """Regions and projections, for `repr`."""
        regions = ", ".join(f"{r.name} {r.num_units}" for r in self.connectome.recurrent_regions)
        projections = len(self.connectome.recurrent_connections)
        return f"{self.form}, {self.phi}, regions: {regions}; {projections} recurrent projections"

    # -- what it is ---------------------------------------------------------------------------

    @property
    def alpha(self) -> float:
        """dt / tau; 1 for an Elman network."""
        return self.dt / self.tau if self.form == "leaky" else 1.0

    @property
    def num_units(self) -> int:
        """The number of recurrent units."""
        return self.connectome.num_units

    @property
    def num_inputs(self) -> int:
        """The number of input channels."""
        return self.connectome.num_inputs

    @property
    def regions(self) -> Regions:
        """The units of every region and parent."""
        return self.connectome.state_regions

    @property
    def W(self) -> Float[Tensor, "d d"]:  # noqa: N802
        """The effective recurrent weights: masked, and signed where Dale's law holds."""
        return effective(self.W_rec, self.W_rec_mask, self.W_rec_sign_matrix if self.dale else None)

    @property
    def W_in(self) -> Float[Tensor, "d m"]:  # noqa: N802
        """The effective input weights."""
        signs = self.W_inp_sign_matrix if self.dale_inputs else None
        return effective(self.W_inp, self.W_inp_mask, signs)

    @property
    def b(self) -> Float[Tensor, " d"]:
        """The tonic input of every unit: the fixed base firing, trained where it is learnable."""
        return self.base_firing + self.learnable_bias * self.bias_offset

    def indices(self, *regions: str) -> np.ndarray:
        """Return the units of some regions, in the order given."""
        return self.regions.indices(*regions)

    def activity(self, h: Float[Tensor, "... d"], *regions: str) -> Float[Tensor, "... k"]:
        """Return the activity of some regions, in the order given."""
        check_tensor("h", h, h if isinstance(h, Tensor) else self.W_rec)
        if h.shape[-1:] != (self.num_units,):
            raise ArgumentError(
                f"h: got shape {tuple(h.shape)}, but (..., {self.num_units}) is wanted."
            )
        return h[..., torch.as_tensor(self.indices(*regions), device=h.device)]

    def weights_between(self, to: str, source: str) -> Float[Tensor, "k j"]:
        """Return the effective weights from a region (or input region) to a region."""
        channels = self.connectome.input_channels
        is_input = isinstance(source, str) and source in channels.names
        W, regions = (self.W_in, channels) if is_input else (self.W, self.regions)
        rows, columns = map(torch.as_tensor, (self.indices(to), regions.indices(source)))
        return W[rows][:, columns]

    # -- what it does -------------------------------------------------------------------------

    def initial_state(self, n: int = 1) -> Float[Tensor, "n d"]:
        """Return the initial state x of `n` trials (h for an Elman network)."""
        return self.init.expand(check_whole("n", n, least=1), -1).clone()

    def forward(
        self,
        inputs: Float[Tensor, "a b m"],
        x0: Float[Tensor, "n d"] | None = None,
        h0: Float[Tensor, "n d"] | None = None,
        *,
        stimulus: Float[Tensor, "a b d"] | None = None,
        weights: Float[Tensor, "d d"] | None = None,
        generator: torch.Generator | None = None,
        noisy: bool = False,
    ) -> tuple[Float[Tensor, "a b d"], Float[Tensor, "a b d"]]:
        """Run a batch of sequences.

        Parameters
        ----------
        inputs
            Shape (trials, time, m), or (time, trials, m) if not `batch_first`.
        x0
            Initial states, shape (trials, d): x for leaky, h for Elman networks. By default the
            regions' `init`.
        h0
            Initial rates of a leaky network, shape (trials, d); by default phi(x0).
        stimulus
            A stimulus s laid out like the inputs, shape (trials, time, d).
        weights
            Recurrent weights to use as they are instead of `W`.
        generator
            Of the noise; torch's global one by default.
        noisy
            Whether noise is added.

        Returns
        -------
        x, h
            Sequences of states and rates, laid out like the inputs; equal for Elman networks.

        Raises
        ------
        ArgumentError
            If a shape does not fit.
        """
        u = time_first("inputs", inputs, self.num_inputs, self.batch_first, self.W_rec)
        s = None
        if stimulus is not None:
            s = time_first("stimulus", stimulus, self.num_units, self.batch_first, self.W_rec)
        check_flag("noisy", noisy)
        if generator is not None:
            check_kind("generator", generator, torch.Generator, "a torch generator")
        x = self.initial_state(u.shape[1]) if x0 is None else x0
        W, W_in, b = self.W if weights is None else weights, self.W_in, self.b
        steps, n, d = len(u), u.shape[1], self.num_units
        check_shape("x0", x, (n, d), b)
        check_shape("h0", h0, (n, d), b)
        check_shape("stimulus", s, (steps, n, d), b, " (time first)")
        check_shape("weights", W, (d, d), b)
        phi, is_leaky = ACTIVATIONS[self.phi], self.form == "leaky"
        h = x if not is_leaky else phi(x) if h0 is None else h0
        spread, xs, hs = float(np.sqrt(2 / self.alpha)), [], []
        for t in range(steps):
            drive, tonic = u[t], b
            if noisy:
                drive = drive + spread * self.input_noise * _normal(drive, generator)
                tonic = b + spread * self.noise * _normal(x, generator)
            total = h @ W.T + drive @ W_in.T + tonic
            if s is not None:
                total = total + s[t]
            x = x + self.alpha * (total - x) if is_leaky else phi(total)
            h = phi(x) if is_leaky else x
            xs.append(x)
            hs.append(h)
        axis = 1 if self.batch_first else 0
        return torch.stack(xs, dim=axis), torch.stack(hs, dim=axis)

    def rates(self, inputs: Float[Tensor, "a b m"]) -> Float[Tensor, "a b d"]:
        """Return the rates h under `inputs`, from the initial state and without noise."""
        return self(inputs)[1]

    # -- networks and systems made from it ----------------------------------------------------

    def without(self, *lesions: str) -> MultiRegionRNN:
        """Return a copy without some regions or projections; this network stays as it is.

        Parameters
        ----------
        *lesions
            "M1" cuts all that M1 sends and gets, "M1->PMd" one projection; parents stand for
            their regions.

        Raises
        ------
        ArgumentError
            If there is nothing to cut.
        """
        copied = copy.deepcopy(self)
        for lesion in lesions:
            copied.connectome = copied.connectome.without(lesion)
        left = copied.connectome
        for mask, kept in (
            (copied.W_rec_mask, left.recurrent_mask()),
            (copied.W_inp_mask, left.input_mask()),
        ):
            mask *= torch.as_tensor(kept).to(mask)
        return copied

    def system(self, *, stimulus: bool = False) -> System:
        """Return the network as a System, with its regions.

        Parameters
        ----------
        stimulus
            Whether the stimulus s is an input, behind the network's own ones.
        """
        check_flag("stimulus", stimulus)
        W, W_in, b = (v.detach().to(torch.float64).clone() for v in (self.W, self.W_in, self.b))
        channels = self.connectome.input_channels
        members = dict(channels.members)
        if stimulus:
            W_in = torch.cat([W_in, torch.eye(self.num_units).to(W_in)], dim=1)
            members["stimulus"] = range(self.num_inputs, self.num_inputs + self.num_units)
        if self.form == "leaky":
            alpha = torch.full_like(b, self.alpha)
            cell: Any = LeakyCell(W=W, B=W_in, b=b, alpha=alpha, phi=self.phi)
        else:
            cell = VanillaCell(W=W, B=W_in, b=b, phi=self.phi)
        return System.of(
            cell,
            dt=self.dt if self.form == "leaky" else None,
            state_regions=self.regions,
            input_regions=Regions(W_in.shape[1], members),
        )

    def __stillpoint_system__(self) -> System:
        return self.system()

    # -- inside -------------------------------------------------------------------------------

    def _make_weights(self, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        c, d, m = self.connectome, self.num_units, self.num_inputs

        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array).to(**options)

        scale = 1 / np.sqrt(d)
        self.W_rec = nn.Parameter(tensor(scale * rng.standard_normal((d, d))))
        self.W_inp = nn.Parameter(tensor(scale * rng.standard_normal((d, m))))
        self.register_buffer("W_rec_mask", tensor(c.recurrent_mask(rng)))
        self.register_buffer("W_inp_mask", tensor(c.input_mask(rng)))
        self.register_buffer("W_rec_sign_matrix", tensor(np.tile(c.recurrent_signs(), (d, 1))))
        self.register_buffer("W_inp_sign_matrix", tensor(np.tile(c.input_signs(), (d, 1))))
        for name in ("init", "base_firing", "learnable_bias"):  # the connectome has them
            self.register_buffer(name, tensor(c.per_unit(name)), persistent=False)
        is_learnable = bool(self.learnable_bias.any())
        self.bias_offset = nn.Parameter(tensor(np.zeros(d)), requires_grad=is_learnable)


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)
