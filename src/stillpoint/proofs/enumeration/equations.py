"""What can be proved of the zeros of some equations in a box."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ...intervals import Interval
from ...intervals.linalg import approximate_inverse


class Equations(ABC):
    """Equations p(z) = 0 in q unknowns, whose zeros are the fixed points, one to one."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number q of unknowns."""

    @property
    @abstractmethod
    def region(self) -> Interval | None:
        """A box that holds all zeros, shape (q,), or None where none is known."""

    @property
    @abstractmethod
    def work(self) -> int:
        """About how many numbers are computed for each box."""

    @abstractmethod
    def residual(self, z: Interval) -> Interval:
        """Return an enclosure of p over boxes, shape (n, q)."""

    @abstractmethod
    def jacobian(self, z: Interval) -> Interval:
        """Return an enclosure of all slopes of p over boxes, shape (n, q, q)."""

    @abstractmethod
    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        """Return the network's states that belong to zeros, to rounding."""


@dataclass(frozen=True)
class Images:
    """The Krawczyk operator K(Y) = m - C p(m) + (I - C p'(Y)) (Y - m) of boxes Y around m.

    Every zero in Y lies in K(Y), whatever C. If K(Y) lies in the interior of Y, there is exactly
    one zero in Y (Krawczyk 1969; Brouwer's theorem, so slopes of a kinked p serve as well).

    Attributes
    ----------
    boxes
        Y, shape (n, q).
    images
        K(Y), shape (n, q); NaN where p'(m) is singular.
    centred
        p(m) + p'(Y) (Y - m), which encloses p on Y, shape (n, q).
    slopes
        Bounds of |p'(Y)|, shape (n, q, q).
    """

    boxes: Interval
    images: Interval
    centred: Interval
    slopes: Float[np.ndarray, "n q q"]

    @classmethod
    def of(cls, equations: Equations, boxes: Interval) -> Images:
        """Return the images of boxes."""
        jacobian = equations.jacobian(boxes)
        C = Interval(approximate_inverse(jacobian.mid))
        value = equations.residual(Interval(boxes.mid))[:, :, None]
        around = Interval(np.zeros(boxes.shape), boxes.radius)[:, :, None]
        identity = np.eye(boxes.shape[1])
        moved = (identity - C @ jacobian) @ around - C @ value
        centred = value + jacobian @ around
        return cls(boxes, boxes.mid + moved[:, :, 0], centred[:, :, 0], jacobian.magnitude)

    def take(self, rows: Bool[np.ndarray, " n"]) -> Images:
        """Return the images of some boxes."""
        return Images(self.boxes[rows], self.images[rows], self.centred[rows], self.slopes[rows])

    @property
    def holds_one(self) -> Bool[np.ndarray, " n"]:
        """Where a box is proved to hold exactly one zero."""
        return self.images.is_inside(self.boxes).all(axis=1)
