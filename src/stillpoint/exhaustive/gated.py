"""Networks with gates, the zeros of whose equilibrium form lie in a known box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..cells import LSTMCell
from ..cells.update_gated import UpdateGatedCell
from ..dynamics import Dynamics, RootProblem
from ..intervals import Interval
from ..transforms import Clamped, Restricted
from .boxes import Equations


@dataclass(frozen=True, eq=False)
class Gated(Equations):
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

    def residual(self, z: Interval) -> Interval:
        return self.problem.residual(z, self._inputs(len(z)))

    def jacobian(self, z: Interval) -> Interval:
        return self.problem.jacobian(z, self._inputs(len(z)))

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        return self.problem.state(Interval(z), self._inputs(len(z))).mid

    def _inputs(self, n: int) -> Interval:
        return Interval(np.broadcast_to(self.u, (n, self.u.shape[1])))


def gated_of(enclosed: Dynamics, u: Float[np.ndarray, "1 m"]) -> Gated | None:
    """Return the equations of a GRU, or of an LSTM without projection, or None.

    The unknowns are candidates of a GRU, or outputs o tanh(c) of an LSTM: between -1 and 1.

    Parameters
    ----------
    enclosed
        The dynamics over intervals.
    u
        The input.
    """
    cell = _inside(enclosed, Clamped)
    if isinstance(cell, LSTMCell) and cell.P is None:
        size = cell.output_size
    elif isinstance(_inside(cell, (Clamped, Restricted)), UpdateGatedCell):
        size = cell.state_size
    else:
        return None
    box = Interval(np.zeros(size), np.ones(size))
    return Gated(enclosed.equilibrium_problem(), u, box)


def _inside(dynamics: Dynamics, transforms: type | tuple[type, ...]) -> Dynamics:
    """Return what is left of dynamics without some transforms around them."""
    while isinstance(dynamics, transforms):
        dynamics = dynamics.inner
    return dynamics
