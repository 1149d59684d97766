"""What is followed: fixed points, or what recurs, as zeros of dynamics that are made of a network.

Each says of which dynamics it is a zero, which eigenvalues decide on its stability, and what its
period and amplitude are. All else is the same for all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np
from jaxtyping import Complex, Float

from .._core.arrays import batches, finite_or_zero, host
from ..dynamics import Dynamics
from ..local.leading import LARGE, leading_modes
from ..local.spectra import growth

# The relative error of a Jacobian that leading eigenvalues have to bear.
_ROUNDING = 1e-13

# Rows of which leading eigenvalues are computed at a time.
_ROWS = 64


class Solution(ABC):
    """What is followed along a path."""

    #: The noun in the plural.
    noun: str

    #: The largest residual that counts as zero, None where it follows from rounding.
    tolerance: float | None = None

    @abstractmethod
    def view(self, dynamics: Dynamics) -> Dynamics:
        """Return the dynamics of which it is a zero."""

    def spectrum(self, dynamics: Dynamics, x: Any, u: Any) -> Complex[np.ndarray, "n m"]:
        """Return the eigenvalues that decide on stability, of viewed dynamics.

        Of large networks all but the leading ones are left at 0 (of a flow at -1), far inside.
        """
        if dynamics.state_size > LARGE:
            return _leading(dynamics, host(x), host(u))
        jacobian = finite_or_zero(host(dynamics.jacobian(x, u)))
        return np.linalg.eigvals(jacobian).astype(np.complex128)

    @abstractmethod
    def told(
        self, dynamics: Dynamics, x: Float[np.ndarray, "n v"], u: Float[np.ndarray, "n m"]
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Return a state of each, its period, and its amplitude, from states of the view.

        The amplitude is the root mean square distance of its states from their mean.
        """

    def phase(
        self,
        dynamics: Dynamics,  # noqa: ARG002
        x: Float[np.ndarray, "n v"],  # noqa: ARG002
        u: Float[np.ndarray, "n m"],  # noqa: ARG002
    ) -> Float[np.ndarray, "n p"] | None:
        """Return vectors that vanish, and turn around, where it shrinks to something simpler."""
        return None

    @property
    def is_halved(self) -> bool:
        """Whether what it shrinks to has half the period, or none, as at flips and Hopf points."""
        return True

    def orbits(
        self,
        dynamics: Dynamics,  # noqa: ARG002
        x: Float[np.ndarray, "n v"],
        u: Float[np.ndarray, "n m"],  # noqa: ARG002
    ) -> Float[np.ndarray, "n k v"]:
        """Return all states that stand for the same, of which one is followed."""
        return x[:, None]


def _leading(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Complex[np.ndarray, "n d"]:
    """Return the leading eigenvalues of each row, or all where those do not decide."""
    asarray, inside = dynamics.arrays.asarray, 0.0 if dynamics.kind == "map" else -1.0
    values = np.full(x.shape, inside, dtype=np.complex128)

    def jacobian(k: int) -> Float[np.ndarray, "d d"]:
        here = asarray(x[k : k + 1]), asarray(u[k : k + 1])
        return finite_or_zero(host(dynamics.jacobian(*here)))[0]

    for rows in batches(len(x), 1, _ROWS):
        numbers = np.arange(len(x))[rows]
        size = np.array([np.linalg.norm(jacobian(k)) for k in numbers])
        modes = leading_modes(dynamics, x[rows], u[rows], np.full(len(size), _ROUNDING), size)
        for k, counted, leading in zip(numbers, modes.counted, modes.eigenvalues, strict=True):
            known = leading[np.isfinite(leading)]
            if counted == (growth(known, dynamics.kind) > 0).sum():
                values[k, : len(known)] = known
            else:
                values[k] = np.linalg.eigvals(jacobian(k))
    return values


@final
class Points(Solution):
    """Fixed points."""

    noun = "points"

    def view(self, dynamics: Dynamics) -> Dynamics:
        return dynamics

    def told(
        self,
        dynamics: Dynamics,  # noqa: ARG002
        x: Float[np.ndarray, "n v"],
        u: Float[np.ndarray, "n m"],  # noqa: ARG002
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        return x, np.ones(len(x)), np.zeros(len(x))
