"""The equilibrium form of networks whose fixed points lie in a known box: gated ones, stacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...dynamics import Dynamics, RootProblem
from ...intervals import Interval
from .equations import Equations


@dataclass(frozen=True, eq=False)
class BoxedForm(Equations):
    """The equilibrium form of a network over boxes, under one input.

    Attributes
    ----------
    problem
        The equations over intervals.
    u
        Shape (1, m).
    box
        A box that holds the unknowns of all fixed points, shape (q,).
    """

    problem: RootProblem
    u: Float[np.ndarray, "1 m"]
    box: Interval

    @property
    def region(self) -> Interval:
        return self.box

    @property
    def size(self) -> int:
        return len(self.box)

    @property
    def work(self) -> int:
        return 64 * self.size**2

    def residual(self, z: Interval) -> Interval:
        return self.problem.residual(z, self._inputs(len(z)))

    def jacobian(self, z: Interval) -> Interval:
        return self.problem.jacobian(z, self._inputs(len(z)))

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        return self.problem.state(Interval(z), self._inputs(len(z))).mid

    def _inputs(self, n: int) -> Interval:
        return Interval(np.broadcast_to(self.u, (n, self.u.shape[1])))


def boxed_form(enclosed: Dynamics, u: Float[np.ndarray, "1 m"]) -> BoxedForm | None:
    """Return the equations of dynamics over intervals, or None where no box is known.

    Parameters
    ----------
    enclosed
        The dynamics over intervals.
    u
        The input.
    """
    box = enclosed.equilibrium_box()
    return None if box is None else BoxedForm(enclosed.equilibrium_problem(), u, box)
