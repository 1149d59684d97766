"""The energy of a network with symmetric weights, and what follows from it.

With r = phi(W r + c) at rest and G(r) the integral of phi^-1, the energy of rates is

    E(r) = -r.W r / 2 - c.r + sum_i G(r_i)

(Hopfield 1984; Cohen and Grossberg 1983). Its critical points are the states of rest. For steps of
finite length: with s the largest slope of phi, convexity of G gives, for a network with leak a in
its rates or in its currents,

    E(after) - E(before) <= -dr.(W + diag((2 - a) / (a s))) dr / 2,    dr = r_after - r_before,

so where that matrix is positive definite every step lowers the energy, and nothing recurs but rest.
Without a leak (a = 1) a function of two states in turn always falls, so periods are 1 or 2, for all
symmetric weights (Goles and Olivos 1981; Marcus and Westervelt 1989).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import spence, xlog1py, xlogy

from .._core.arrays import host
from .._core.validation import check_kind, read_inputs, read_states
from ..cells import LeakyCell, LeakyRateCell, VanillaCell
from ..dynamics import activation, dense
from ..errors import ArgumentError
from ..intervals import Interval
from ..intervals.linalg import is_positive_definite
from ..points import OrbitEnd
from ..system import System, check_system
from .graph import AttractorGraph


class _Rest(NamedTuple):
    """What holds a rate back: the integral of phi^-1, on the range of phi, convex by `stiffness`.

    That is one over the largest slope of phi.
    """

    potential: Callable[[Any], Any]
    low: float
    high: float
    stiffness: float


_REST = {
    "tanh": _Rest(lambda r: (xlog1py(1 + r, r) + xlog1py(1 - r, -r)) / 2, -1.0, 1.0, 1.0),
    "sigmoid": _Rest(lambda r: xlogy(r, r) + xlog1py(1 - r, -r), 0.0, 1.0, 4.0),
    "relu": _Rest(lambda r: r * r / 2, 0.0, np.inf, 1.0),
    "softplus": _Rest(lambda r: r * r / 2 + spence(-np.expm1(-r)), 0.0, np.inf, 1.0),
    "linear": _Rest(lambda r: r * r / 2, -np.inf, np.inf, 1.0),
}


@dataclass(frozen=True, eq=False)
class Energy:
    """The energy of states of a network with symmetric weights; made by `energy`.

    Attributes
    ----------
    system
        The network.
    always_falls
        Whether it is proved that every step which changes the rates lowers the energy.
    """

    system: System
    always_falls: bool

    @property
    def longest_period(self) -> int | None:
        """The longest period that a cycle can have, 1 or 2: proved; None where none is known."""
        if self.always_falls:
            return 1
        return 2 if (_leak(self.system.dynamics) == 1).all() else None

    @np.errstate(all="ignore")
    def __call__(self, states: Any, inputs: Any = None) -> Float[np.ndarray, " n"]:
        """Return the energy of states; infinite where rates are outside of the range of phi.

        Parameters
        ----------
        states
            Shape (n, d).
        inputs
            Shape (n, m) or (m,); zero if left out.

        Raises
        ------
        ArgumentError
            If a shape does not fit.
        """
        cell: Any = self.system.dynamics
        r = read_states("states", states, cell.state_size)
        u = read_inputs("inputs", inputs, len(r), cell.input_size)
        if cell.of_currents:
            r = activation(cell.phi).value(r)
        rest = _REST[cell.phi]
        inside = (r >= rest.low) & (r <= rest.high)
        each = np.where(inside, rest.potential(np.clip(r, rest.low, rest.high)), np.inf)
        driven = 0.5 * r @ host(dense(cell.W)).T + u @ host(cell.B).T + host(cell.b)
        return each.sum(axis=1) - (r * driven).sum(axis=1)

    def drops(self, graph: AttractorGraph) -> Float[np.ndarray, " e"]:
        """Return by how much the energy falls along each edge of a graph.

        Parameters
        ----------
        graph
            From `connect`. An edge to nothing known, or to an attractor that is no point, is NaN.

        Raises
        ------
        ArgumentError
            If `graph` is no graph, or one of another system.
        """
        check_kind("graph", graph, AttractorGraph, "what connect returns")
        graph.system.check_same("graph", self.system.info)
        of = np.where(graph.kind == OrbitEnd.POINT, self(graph.states, graph.inputs), np.nan)
        return of[graph.source] - np.append(of, np.nan)[graph.target]


def energy(system: System) -> Energy:
    """Return the energy of a network with symmetric weights.

    Parameters
    ----------
    system
        A vanilla or leaky network, W symmetric to the last bit.

    Returns
    -------
    Energy
        A function of states, with what is proved about it.

    Raises
    ------
    ArgumentError
        If the system is no such network.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> W = np.array([[0.0, 2.0], [2.0, 0.0]])  # each unit drives the other
    >>> system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2)))
    >>> energy = sp.energy(system)
    >>> energy(np.array([[0.0, 0.0], [0.9575, 0.9575]])).round(3)  # what repels, and a memory
    array([ 0.   , -0.653])
    >>> energy.longest_period  # (m, -m) and (-m, m) take turns
    2
    """
    if misfit := _misfit(check_system(system)):
        raise ArgumentError(f"system: {misfit}")
    cell: Any = system.dynamics
    W, leak = host(dense(cell.W)).astype(np.float64), Interval(_leak(cell))
    slow = (2.0 - leak) / (leak / _REST[cell.phi].stiffness)
    return Energy(system, is_positive_definite(Interval(W) + Interval(np.eye(len(W))) * slow))


def longest_period(system: System) -> int | None:
    """Return the longest period that a cycle can have, None where no theorem says anything."""
    return None if _misfit(system) else energy(system).longest_period


def _misfit(system: System) -> str:
    """Return why a system has no energy, nothing where it has one."""
    cell: Any = system.dynamics
    if not isinstance(cell, VanillaCell | LeakyCell):
        return (
            f"got one of {type(cell).__name__}, but a vanilla or leaky network is wanted: other "
            f"cells have no such energy."
        )
    W = host(dense(cell.W))
    if (apart := np.abs(W - W.T).max()) > 0:
        return (
            f"its weights are not symmetric, W and its transpose differ by up to {apart:.2g}; "
            f"where that is rounding, pass a cell with W = (W + W.T) / 2."
        )
    return ""


def _leak(cell: Any) -> Float[np.ndarray, " d"]:
    has_leak = isinstance(cell, LeakyCell | LeakyRateCell)
    return host(cell.alpha).astype(np.float64) if has_leak else np.ones(cell.state_size)
