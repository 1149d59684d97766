"""Any multi-region network as a System: ours, or an mRNNTorch object by its attributes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from ..._core.validation import read_floats
from ...cells import LeakyCell, VanillaCell
from ...dynamics import Regions
from ...errors import ArgumentError
from ...models import MultiRegionRNN
from ...system import System
from .networks import mRNN

_NEEDED = (
    *("W_rec", "W_rec_mask", "W_rec_sign_matrix", "rec_constrained"),
    *("W_inp", "W_inp_mask", "W_inp_sign_matrix", "inp_constrained"),
    *("tonic_inp", "region_dict", "inp_dict", "activation_name"),
)


def is_leaky(rnn: Any) -> bool:
    """Whether the state is x rather than h."""
    return rnn.form == "leaky" if hasattr(rnn, "form") else hasattr(rnn, "tau")


def read_network(rnn: Any, weights: Any = None) -> System:
    """Return a network as a System with the stimulus as its last inputs.

    `weights` are effective recurrent ones to use instead of the network's own, shape (d, d).
    """
    if isinstance(rnn, mRNN):
        rnn = rnn._final
    system = rnn.system(stimulus=True) if isinstance(rnn, MultiRegionRNN) else _by_attributes(rnn)
    if weights is None:
        return system
    cell: Any = system.dynamics
    given = torch.as_tensor(read_floats("W_rec", weights)).to(cell.W)
    if given.shape != cell.W.shape:
        raise ArgumentError(
            f"W_rec: got shape {tuple(given.shape)}, but {tuple(cell.W.shape)} is wanted."
        )
    kept = {name: value for name, value in vars(cell).items() if name != "W"}
    return replace(system, dynamics=type(cell)(W=given, **kept))


def n_channels(system: System) -> int:
    """Return how many inputs a network has; behind them in the system is the stimulus."""
    return system.input_size - system.state_size


def _by_attributes(rnn: Any) -> System:
    missing = [name for name in _NEEDED if not hasattr(rnn, name)]
    if missing:
        raise ArgumentError(
            f"rnn: got {type(rnn).__name__}, which lacks {', '.join(missing)}; a multi-region "
            f"network with mRNNTorch's attributes is wanted."
        )
    if rnn.activation_name == "softplus" and getattr(rnn, "softplus_beta", 1.0) != 1.0:
        raise ArgumentError(
            f"rnn: its softplus_beta is {rnn.softplus_beta}, but only 1 is known; rescale the "
            f"weights so that it is 1."
        )
    effective = {}
    for name, constrained in (("rec", rnn.rec_constrained), ("inp", rnn.inp_constrained)):
        raw, mask = getattr(rnn, f"W_{name}"), getattr(rnn, f"W_{name}_mask")
        signs = getattr(rnn, f"W_{name}_sign_matrix")
        signed = mask * raw.abs() * signs if constrained else mask * raw
        effective[name] = signed.detach().double().clone()
    b = rnn.tonic_inp.detach().double().clone()
    identity = torch.eye(len(b)).to(b)
    weights = {"W": effective["rec"], "B": torch.cat([effective["inp"], identity], dim=1), "b": b}
    phi = rnn.activation_name
    if is_leaky(rnn):
        cell: Any = LeakyCell(**weights, alpha=torch.full_like(b, rnn.alpha), phi=phi)
    else:
        cell = VanillaCell(**weights, phi=phi)
    inputs = _regions(rnn.inp_dict)
    channels = {**inputs.members, "stimulus": range(inputs.size, inputs.size + len(b))}
    return System.of(
        cell,
        dt=getattr(rnn, "dt", None),
        state_regions=_regions(rnn.region_dict),
        input_regions=Regions(inputs.size + len(b), channels),
    )


def _regions(named: Any) -> Regions:
    members: dict[str, range] = {}
    parents: dict[str, list[str]] = {}
    first = 0
    for name, region in named.items():
        members[name] = range(first, first + region.num_units)
        first += region.num_units
        if getattr(region, "parent_region", None) is not None:
            parents.setdefault(region.parent_region, []).append(name)
    return Regions(first, members, parents)
