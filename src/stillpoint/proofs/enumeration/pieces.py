"""Equations that a rectified network makes linear between hyperplanes."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from jaxtyping import Float

from ...intervals import Interval
from ..krawczyk import Equations


class PiecewiseEquations(Equations):
    """Equations p(z) = 0 that know z through the drives of h units alone, beside a linear part.

    Where the units are rectified and the signs of all drives are given, p is linear.
    """

    @property
    @abstractmethod
    def weights(self) -> Float[np.ndarray, "h n"]:
        """Exact weights whose rows are linearly dependent where hyperplanes are parallel."""

    @property
    @abstractmethod
    def constants(self) -> Interval:
        """The drives at z = 0, shape (h,)."""

    @property
    def rests_at_zero(self) -> bool:
        """Whether z = 0 is a zero for certain, as no rectified unit is driven there."""
        return False

    @abstractmethod
    def hyperplanes(self) -> tuple[Interval, Interval]:
        """Return enclosures of normals, shape (h, q), and offsets, (h,), whatever the region."""

    @abstractmethod
    def drive(self, z: Interval) -> Interval:
        """Return an enclosure of all drives over boxes, shape (n, h)."""

    @abstractmethod
    def slopes_of(self, slopes: Interval) -> Interval:
        """Return the slopes of p for slopes of the units, shape (n, h) to (n, q, q)."""

    @abstractmethod
    def offsets_of(self, slopes: Interval) -> Interval:
        """Return what p has beside `slopes_of` z where it is linear, (n, h) to (n, q)."""
