"""What is followed: fixed points, or what recurs, as zeros of dynamics that are made of a network.

Each says of which dynamics it is a zero, which eigenvalues decide on its stability, and what its
period and amplitude are. All else is the same for all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np
from jaxtyping import Complex, Float

from .._core.arrays import finite_or_zero, host
from ..dynamics import Dynamics


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
        """Return the eigenvalues that decide on stability, of viewed dynamics."""
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
