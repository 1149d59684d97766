"""Jacobians of rates h = phi(x), for leaky networks whose state is x.

Two different matrices go by the name "Jacobian of h". The true one follows a deviation of h
through the whole step, leak included; at a fixed point it has the eigenvalues of the Jacobian of
x. The partial one holds x fixed and asks how h' answers to h through the weights alone; it leaves
out the leak, and its eigenvalues say nothing about stability.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import to_numpy
from .._core.validation import read_floats, read_states
from ..cells import LeakyCell, VanillaCell
from ..dynamics import dense
from ..errors import ArgumentError
from ..system import System, check_system
from .linearize import linearize


@np.errstate(all="ignore")
def rate_jacobian(system: System, states: Any, inputs: Any = None) -> Float[np.ndarray, "n d d"]:
    """Return dh'_i / dh_j of a leaky network: D(x') J D(x)^-1 with D(x) = diag(phi'(x)).

    J = (1 - alpha) I + alpha W D(x) is the Jacobian of x. Columns of units with phi'(x) = 0
    (silent ReLU units) are NaN: their h says nothing about their x.

    Parameters
    ----------
    system
        A leaky network.
    states
        States x, shape (n, d).
    inputs
        Shape (n, m) or (m,).

    Raises
    ------
    ArgumentError
        If the system is not a leaky network, or a shape does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from stillpoint import System
    >>> from stillpoint.cells import LeakyCell
    >>> half, none = np.array([0.5]), np.zeros((1, 0))
    >>> system = System.of(LeakyCell(np.eye(1), none, np.zeros(1), alpha=half))
    >>> rate_jacobian(system, np.zeros((1, 1)))  # (1 - alpha) + alpha W phi'(0)
    array([[[1.]]])
    >>> partial_rate_jacobian(system, np.zeros((1, 1)))  # alpha phi'(0) W
    array([[[0.5]]])
    >>> rates_at_fixed_state(system, np.zeros(1)).dynamics.W  # alpha W
    array([[0.5]])
    """
    cell = _leaky(system)
    lin = linearize(system, states, inputs)
    before, after = (_host_slope(cell, x) for x in (lin.states, lin.value))
    inverse = np.where(before > 0, 1 / before, np.nan)
    return after[:, :, None] * lin.A * inverse[:, None, :]


def rates_at_fixed_state(system: System, state: Any) -> System:
    """Return how the rates of a leaky network answer to rates while its state x is held.

    h' = phi((1 - alpha) x + alpha (W h + B u + b)) is an Elman network in h. Its Jacobian
    alpha diag(phi'(x')) W is the partial one, which mRNNTorch computes with `dh=True`; it leaves
    out the leak, so do not judge the stability of the network by it.

    Parameters
    ----------
    system
        A leaky network.
    state
        One state x, shape (d,).

    Raises
    ------
    ArgumentError
        If the system is not a leaky network, or the shape does not fit.
    """
    cell = _leaky(system)
    rows = read_states("state", np.atleast_2d(read_floats("state", state)), cell.state_size)
    if len(rows) != 1:
        raise ArgumentError(f"state: got {len(rows)} states, but one is wanted.")
    x = cell.arrays.asarray(rows)
    alpha = cell.alpha[:, None]
    held = VanillaCell(
        W=alpha * cell.W,
        B=alpha * cell.B,
        b=(1 - cell.alpha) * x[0, :] + cell.alpha * cell.b,
        phi=cell.phi,
    )
    return replace(system, dynamics=held)


@np.errstate(all="ignore")
def partial_rate_jacobian(
    system: System, states: Any, inputs: Any = None
) -> Float[np.ndarray, "n d d"]:
    """Return dh'_i / dh_j of a leaky network at fixed x: alpha diag(phi'(x')) W.

    See `rates_at_fixed_state`, whose Jacobian at h = phi(x) this is, for many states at once.

    Parameters
    ----------
    system, states, inputs
        As for `rate_jacobian`.

    Raises
    ------
    ArgumentError
        If the system is not a leaky network, or a shape does not fit.
    """
    cell = _leaky(system)
    lin = linearize(system, states, inputs)
    weights = to_numpy(cell.alpha)[:, None] * to_numpy(dense(cell.W))
    return _host_slope(cell, lin.value)[:, :, None] * weights


def _leaky(system: System) -> LeakyCell:
    cell = check_system(system).dynamics
    if isinstance(cell, LeakyCell):
        return cell
    raise ArgumentError(
        f"system: got one of {type(cell).__name__}, but a whole leaky network with its "
        f"inputs is wanted, as `as_system` makes it: only leaky networks have rates beside their "
        f"state. That of an Elman network is h itself: use linearize."
    )


def _host_slope(cell: LeakyCell, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    return to_numpy(cell.slope(cell.arrays.asarray(x)))
