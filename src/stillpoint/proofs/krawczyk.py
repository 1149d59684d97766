"""Proofs that a box holds exactly one zero of the equations, or none.

Let g be the equations, y a state, C any matrix near the inverse of g'(y), and Y the box of radius
r around y. If |C g(y)| + |I - C g'(Y)| r < r in every coordinate, with g'(Y) an enclosure of all
Jacobians (for a kink: of all slopes) in Y, then g has exactly one zero in Y, and it lies within
|C g(y)| + |I - C g'(Y)| r of y (Krawczyk 1969; Moore 1977; Rump 1983). The argument is Brouwer's
fixed-point theorem, so g need not be differentiable where g'(Y) holds its slopes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ..dynamics import RootProblem
from ..intervals import Interval, upward
from ..intervals.linalg import approximate_inverse

# Boxes are inflated this often, doubling, until one proves existence.
_INFLATIONS = 6

# The radii at which uniqueness and emptiness are tried, relative to max(1, |y|), and how finely the
# widest that works is located: by this many halvings of its exponent.
_NARROWEST, _WIDEST, _HALVINGS = 1e-9, 2.0, 7

# The first cube is no smaller than this, so that it holds more than one floating-point number.
_LEAST = 1e-300


@dataclass(frozen=True)
class Krawczyk:
    """The Krawczyk operator of every row, around a state y.

    Attributes
    ----------
    problem
        The equations, over intervals.
    y, u
        The states and inputs, shapes (n, k) and (n, m).
    inverse
        C, an approximate inverse of the Jacobian at y, shape (n, k, k); any matrix is sound.
    step
        A bound of |C g(y)|, shape (n, k): how far the Newton step leads.
    """

    problem: RootProblem
    y: Float[np.ndarray, "n k"]
    u: Float[np.ndarray, "n m"]
    inverse: Float[np.ndarray, "n k k"]
    step: Float[np.ndarray, "n k"]

    @classmethod
    def at(
        cls, problem: RootProblem, y: Float[np.ndarray, "n k"], u: Float[np.ndarray, "n m"]
    ) -> Krawczyk:
        """Return the operators at states y; where the Jacobian is singular they prove nothing."""
        here, inputs = Interval(y), Interval(u)
        inverse = approximate_inverse(problem.jacobian(here, inputs).mid)
        residual = problem.residual(here, inputs)
        step = (Interval(inverse) @ residual[:, :, None])[:, :, 0].magnitude
        return cls(problem, y, u, inverse, step)

    def take(self, rows: Int[np.ndarray, " j"]) -> Krawczyk:
        """Return the operators of some rows."""
        parts = (part[rows] for part in (self.y, self.u, self.inverse, self.step))
        return Krawczyk(self.problem, *parts)

    def image(self, radius: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n k"]:
        """Return a bound of |K(Y) - y| over the cubes of that radius around y."""
        cube = radius[:, None] * np.ones_like(self.y)
        slopes = self.problem.jacobian(Interval(self.y, cube), Interval(self.u))
        identity = Interval(np.eye(self.y.shape[1]))
        contraction = Interval((identity - Interval(self.inverse) @ slopes).magnitude)
        return upward(self.step + (contraction @ Interval(cube)[:, :, None])[:, :, 0].magnitude)

    def existence(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n k"]]:
        """Return small cubes that hold exactly one zero, and the boxes in which it lies.

        Returns
        -------
        radius, shape (n,)
            Of the cube; NaN where none was found.
        box, shape (n, k)
            The radii of a box around y, inside the cube, that holds the zero; NaN likewise.
        """
        tried = 2 * self.step.max(axis=1) + _LEAST
        radius, box = np.full(len(self.y), np.nan), np.full_like(self.y, np.nan)
        for _ in range(_INFLATIONS):
            image = self.image(tried)
            furthest = image.max(axis=1)
            found = (furthest < tried) & np.isnan(radius)
            radius[found], box[found] = tried[found], image[found]
            if not np.isnan(radius).any():
                break
            tried = 2 * np.maximum(furthest, tried)
        return radius, box

    def uniqueness(self, least: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return the radius of the widest cube found around y that holds exactly one zero.

        Parameters
        ----------
        least
            Radii of cubes that do, shape (n,).
        """
        widest = least.copy()
        low, high = np.log(least), np.log(_WIDEST * np.maximum(1.0, np.abs(self.y).max(axis=1)))
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            tried = np.exp(middle)
            holds = self.image(tried).max(axis=1) < tried
            widest = np.where(holds, tried, widest)
            low, high = np.where(holds, middle, low), np.where(holds, high, middle)
        return widest

    def excludes(self, radius: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Return where the cube of that radius around y certainly holds no zero.

        It does not where some combination of the equations cannot vanish in it: one of the
        equations, one of their combinations by the inverse, or that along g(y), which at a
        minimum of |g| hardly depends on y.
        """
        cube = Interval(radius[:, None] * np.ones_like(self.y))[:, :, None]
        inputs = Interval(self.u)
        slopes = self.problem.jacobian(Interval(self.y, cube.mid[:, :, 0]), inputs)
        value = self.problem.residual(Interval(self.y), inputs)
        along = value.mid / np.linalg.norm(value.mid, axis=1, keepdims=True)
        identity = np.broadcast_to(np.eye(value.shape[1]), slopes.shape)
        answer = np.zeros(len(self.y), dtype=bool)
        for combination in (identity, self.inverse, along[:, None, :]):
            rows = Interval(combination)
            reach = (Interval((rows @ slopes).magnitude) @ cube)[:, :, 0].magnitude
            least = (rows @ value[:, :, None])[:, :, 0]
            answer |= (np.abs(least.mid) > upward(least.radius + reach)).any(axis=1)
        return answer

    def emptiness(self) -> Float[np.ndarray, " n"]:
        """Return the radius of the widest cube found around y without a zero; 0 where none is."""
        widest = np.zeros(len(self.y))
        scale = np.maximum(1.0, np.abs(self.y).max(axis=1))
        low, high = np.log(_NARROWEST * scale), np.log(_WIDEST * scale)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            tried = np.exp(middle)
            holds = self.excludes(tried)
            widest = np.where(holds, tried, widest)
            low, high = np.where(holds, middle, low), np.where(holds, high, middle)
        return widest
