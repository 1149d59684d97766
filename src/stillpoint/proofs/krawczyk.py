"""Equations over boxes, and Krawczyk's operator: what can be proved of their zeros in a box.

For a box Y around m and any matrix C, every zero of p in Y lies in
K(Y) = m - C p(m) + (I - C p'(Y)) (Y - m), where p'(Y) encloses all Jacobians (at a kink: all
slopes) in Y. If K(Y) lies in the interior of Y, there is exactly one zero in Y (Krawczyk 1969;
Moore 1977; Rump 1983). The argument is Brouwer's fixed-point theorem, so p need not be
differentiable where p'(Y) holds its slopes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..dynamics import RootProblem
from ..intervals import Interval
from ..intervals.linalg import approximate_inverse


class Equations(ABC):
    """Equations p(z) = 0 in q unknowns, whose zeros are the fixed points, one to one."""

    #: The number q of unknowns.
    size: int
    #: A box that holds all zeros, shape (q,), or None where none is known.
    region: Interval | None
    #: About how many numbers are computed for each box.
    work: int

    @abstractmethod
    def residual(self, z: Interval) -> Interval:
        """Return an enclosure of p over boxes, shape (n, q)."""

    @abstractmethod
    def jacobian(self, z: Interval) -> Interval:
        """Return an enclosure of all slopes of p over boxes, shape (n, q, q)."""

    @abstractmethod
    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        """Return the network's states that belong to zeros, to rounding."""

    def take(self, rows: Int[np.ndarray, " j"]) -> Equations:  # noqa: ARG002
        """Return the equations of some boxes: the same, unless boxes have inputs of their own."""
        return self


@final
@dataclass(frozen=True, eq=False)
class EquilibriumForm(Equations):
    """The equilibrium form of a network under an input for every box, or one for all of them.

    It takes so many steps of the network.
    """

    problem: RootProblem
    u: Float[np.ndarray, "n m"]
    size: int
    region: Interval | None = None
    steps: int = 1

    @property
    def work(self) -> int:  # type: ignore[override]
        return 64 * self.size**2 * self.steps

    def residual(self, z: Interval) -> Interval:
        return self.problem.residual(z, self._inputs(len(z)))

    def jacobian(self, z: Interval) -> Interval:
        return self.problem.jacobian(z, self._inputs(len(z)))

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        return self.problem.state(Interval(z), self._inputs(len(z))).mid

    def take(self, rows: Int[np.ndarray, " j"]) -> EquilibriumForm:
        return replace(self, u=self.u[rows])

    def _inputs(self, n: int) -> Interval:
        return Interval(np.broadcast_to(self.u, (n, self.u.shape[1])))


@dataclass(frozen=True, eq=False)
class Krawczyk:
    """The Krawczyk operator on boxes Y, shape (n, q), with `value` p(m) and `slopes` p'(Y).

    C is `inverse`, near an inverse of p'(m); but any matrix is sound, and NaN proves nothing.

    Examples
    --------
    x^2 = 2 has exactly one zero between 1 and 2, and two between -2 and 2:

    >>> class SquareRoot(Equations):
    ...     residual = lambda self, z: z * z - 2.0
    ...     jacobian = lambda self, z: (2.0 * z)[:, :, None]
    ...     states = lambda self, z: z
    >>> boxes = Interval(np.array([[1.5], [0.0]]), np.array([[0.5], [2.0]]))
    >>> Krawczyk.on(SquareRoot(), boxes).holds_one
    array([ True, False])
    """

    boxes: Interval
    value: Interval
    slopes: Interval
    inverse: Float[np.ndarray, "n q q"]

    @classmethod
    def on(
        cls,
        equations: Equations,
        boxes: Interval,
        inverse: Float[np.ndarray, "n q q"] | None = None,
    ) -> Krawczyk:
        """Return the operator on boxes; where C is left out, it inverts the middle of p'(Y)."""
        slopes, value = equations.jacobian(boxes), equations.residual(Interval(boxes.mid))
        if inverse is None:
            inverse = approximate_inverse(slopes.mid)
        return cls(boxes, value, slopes, inverse)

    @cached_property
    def offset(self) -> Interval:
        """K(Y) - m, shape (n, q)."""
        C = Interval(self.inverse)
        moved = (np.eye(self.boxes.shape[1]) - C @ self.slopes) @ self._around
        return (moved - C @ self.value[:, :, None])[:, :, 0]

    @property
    def images(self) -> Interval:
        """K(Y), shape (n, q)."""
        return self.boxes.mid + self.offset

    @property
    def holds_one(self) -> Bool[np.ndarray, " n"]:
        """Where a box is proved to hold exactly one zero."""
        return np.asarray((self.offset.magnitude < self.boxes.radius).all(axis=1))

    @property
    def holds_none(self) -> Bool[np.ndarray, " n"]:
        """Where one of the equations, p(m) + p'(Y) (Y - m), is proved not to vanish in a box."""
        enclosed = self.value[:, :, None] + self.slopes @ self._around
        return np.asarray(enclosed.excludes_zero.any(axis=(1, 2)))

    def excludes_zero(self, rows: Float[np.ndarray, "n r q"]) -> Bool[np.ndarray, " n"]:
        """Return where a combination of the equations is proved not to vanish in a box."""
        combine = Interval(rows)
        value = combine @ self.value[:, :, None] + (combine @ self.slopes) @ self._around
        return np.asarray(value.excludes_zero.any(axis=(1, 2)))

    @property
    def _around(self) -> Interval:
        """Y - m, shape (n, q, 1)."""
        return Interval(np.zeros(self.boxes.shape), self.boxes.radius)[:, :, None]
