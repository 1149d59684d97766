"""Weights of a network of regions: masks and signs, their graph, what a saved state must fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from .._core.arrays import to_numpy
from .._core.validation import check_real
from ..errors import ArgumentError

Tensor = torch.Tensor


def effective(raw: Tensor, mask: Tensor, signs: Tensor | None) -> Tensor:
    """Return masked weights; with `signs`, those of the source (Dale's law)."""
    return mask * raw if signs is None else mask * raw.abs() * signs


def is_acyclic(W: Float[np.ndarray, "d d"]) -> bool:
    """Whether no unit reaches itself along nonzero weights, so that W is nilpotent."""
    components, _ = connected_components(csr_array(W != 0), connection="strong")
    return components == len(W) and not np.diag(W).any()


def scale_to_radius(W: Float[Tensor, "d d"], radius: float) -> float:
    """Return by what to multiply weights so that `radius` is their spectral radius."""
    check_real("spectral_radius", radius, above=0)
    weights = to_numpy(W).astype(np.float64)
    if is_acyclic(weights):
        raise ArgumentError(
            "spectral_radius: no unit reaches itself through the connections, so W is "
            "nilpotent, all its eigenvalues are 0, and it cannot be scaled; add a recurrent "
            "connection or leave spectral_radius out."
        )
    return float(radius / np.abs(np.linalg.eigvals(weights)).max())


def check_state(module: Any, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Before weights are loaded: refuse wrong shapes; an mRNNTorch state has no bias of its own."""
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    wrong = [
        f"{name} has shape {tuple(state[prefix + name].shape)}, wanted {tuple(value.shape)}"
        for name, value in own.items()
        if prefix + name in state and state[prefix + name].shape != value.shape
    ]
    if wrong:
        regions = (*module.connectome.recurrent_regions, *module.connectome.input_regions)
        sizes = ", ".join(f"{region.name} {region.num_units}" for region in regions)
        raise ArgumentError(
            f"state_dict: {'; '.join(wrong)}. The regions of this network are: {sizes}."
        )
    state.setdefault(prefix + "bias_offset", module.bias_offset.detach())
