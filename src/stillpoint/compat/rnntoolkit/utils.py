"""RNNToolkit's helpers: angles, projections, and a score of line attractors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..._core.validation import check_kind, check_real, read_floats
from ...errors import ArgumentError
from ..shared import raises_as_before

Tensor = torch.Tensor


@raises_as_before
def unit_vector(vector: Tensor) -> Tensor:
    """Return a vector of length one in the direction of another; zero stays zero."""
    return _unit("vector", vector)


@raises_as_before
def angle_between(v1: Tensor, v2: Tensor) -> Tensor:
    """Return the angle between two vectors in radians; pi / 2 where one of them is zero.

    Examples
    --------
    >>> angle_between(torch.tensor([1.0, 0.0]), torch.tensor([3.0, 0.0]))
    tensor(0.)
    """
    return torch.arccos((_unit("v1", v1) @ unit_vector(_like("v2", v2, v1))).clamp(-1.0, 1.0))


@raises_as_before
def line_attractor_score(
    lambda_1: float, lambda_2: float, tau: float
) -> tuple[float, float, float]:
    """Return log2 of the ratio of two modes' time constants, and how far each is from 1.

    Parameters
    ----------
    lambda_1, lambda_2
        Two eigenvalues of a map; time constants are ``tau / |1 - lambda|``.
    tau
        The time constant of a unit. It cancels.
    """
    check_real("tau", tau, above=0)
    apart = [abs(1 - check_real(n, v)) for n, v in (("lambda_1", lambda_1), ("lambda_2", lambda_2))]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log2(np.divide(apart[1], apart[0]))), apart[0], apart[1]


@raises_as_before
def projection(v1: Tensor, v2: Tensor) -> Tensor:
    """Return the part of one vector along another; zero where that one is zero."""
    along = unit_vector(_like("v2", v2, v1))
    return torch.dot(v1, along) * along


@raises_as_before
def orthogonalize(v1: Tensor, *vectors: Tensor) -> tuple[Tensor, ...]:
    """Return vectors without the parts along those before them (Gram-Schmidt, not normalised).

    Examples
    --------
    >>> orthogonalize(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]))[1]
    tensor([0., 1.])
    """
    basis = [_vector("v1", v1)]
    for vector in vectors:
        rest = _like("vectors", vector, v1)
        for before in basis:
            rest = rest - projection(rest, before)
        basis.append(rest)
    return tuple(basis)


def _vector(name: str, value: Any) -> Tensor:
    check_kind(name, value, Tensor, "a torch tensor")
    if read_floats(name, value).ndim != 1:
        raise ArgumentError(f"{name}: got shape {tuple(value.shape)}, but (d,) is wanted.")
    return value


def _unit(name: str, value: Any) -> Tensor:
    largest = _vector(name, value).abs().amax() if _vector(name, value).numel() else 0
    if largest == 0:
        return value.clone()
    scaled = value / largest  # so that squares are numbers
    return scaled / torch.linalg.vector_norm(scaled)


def _like(name: str, vector: Any, other: Any) -> Tensor:
    if _vector(name, vector).shape != _vector("v1", other).shape:
        raise ArgumentError(
            f"{name}: got shape {tuple(vector.shape)}, but {tuple(other.shape)} is wanted, that "
            f"of v1."
        )
    return vector
