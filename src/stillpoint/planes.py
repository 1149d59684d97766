"""Planes through the state space that mean something: what two axes of a picture show.

Each function returns a `Projection` onto two axes, which `flow_field` and all figures take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ._core.arrays import to_numpy
from ._core.pca import Projection, fit_pca
from ._core.validation import (
    check_kind,
    check_sequence,
    check_whole,
    read_floats,
    read_inputs,
)
from .branches.slow_manifold import SlowManifold
from .errors import ArgumentError
from .intervals import Interval
from .local import Linearization
from .points import FixedPoints, SlowPoints
from .system import check_system, innermost

__all__ = ["along", "latent", "modes", "pca", "readouts", "selection", "through"]

# Singular values below this share of the largest are zero: the directions are dependent.
_DEPENDENT = 1e-9


def pca(states: Any) -> Projection:
    """Return the plane of the two principal components of states; see `stillpoint.fit_pca`.

    Parameters
    ----------
    states
        Shape (..., d), such as trajectories.

    Raises
    ------
    ArgumentError
        If there are no states, or they have one variable only.

    Examples
    --------
    >>> import numpy as np
    >>> pca(np.random.default_rng(0).normal(size=(20, 5))).names
    ('PC 1', 'PC 2')
    """
    found = fit_pca(states, 2)
    if len(found.components_) < 2:
        raise ArgumentError("states: they span no plane; two states of two variables are wanted.")
    return found


def readouts(weights: Any, bias: Any = None, *, origin: Any = None) -> Projection:
    """Return the plane whose coordinates are two readouts, y = weights x + bias.

    Parameters
    ----------
    weights
        Two rows, shape (2, d).
    bias
        Shape (2,), zero by default.
    origin
        A state, shape (d,), through which the plane lies; by default the one nearest to zero.

    Raises
    ------
    ArgumentError
        If shapes do not fit, or the two readouts are one.

    Examples
    --------
    >>> import numpy as np
    >>> plane = readouts([[2.0, 0.0, 0.0], [0.0, 1.0, 1.0]], bias=[1.0, 0.0])
    >>> plane.transform(np.ones(3)).tolist(), plane.inverse_transform([1.0, 0.0]).tolist()
    ([3.0, 2.0], [0.0, 0.0, 0.0])
    """
    rows = read_floats("weights", weights)
    _check_independent("weights", rows)
    offset = np.zeros(2) if bias is None else read_floats("bias", bias)
    if offset.shape != (2,):
        raise ArgumentError(f"bias: got shape {offset.shape}, but (2,) is wanted.")
    at = _origin("origin", origin, rows.shape[1])
    mean = at - np.linalg.pinv(rows) @ (rows @ at + offset)
    return Projection.of(rows, mean, ["readout 1", "readout 2"])


def through(states: Any) -> Projection:
    """Return the plane through three states, such as fixed points (`points.xstar[[0, 4, 7]]`).

    Parameters
    ----------
    states
        Shape (3, d); the first axis leads from the first to the second.

    Raises
    ------
    ArgumentError
        If there are not three, or they lie on one line.

    Examples
    --------
    >>> import numpy as np
    >>> plane = through(np.eye(3))
    >>> plane.distances(np.eye(3)).round(12).tolist()
    [0.0, 0.0, 0.0]
    """
    x = read_floats("states", states)
    if x.ndim != 2 or len(x) != 3:
        raise ArgumentError(f"states: got shape {x.shape}, but (3, d) is wanted: three states.")
    axes = _orthonormal("states", x[1:] - x[0])
    return Projection.of(axes, x.mean(axis=0), ["along 0 to 1", "across, to 2"], x)


def along(
    first: Any, second: Any, *, origin: Any = None, names: Sequence[str] = ("axis 1", "axis 2")
) -> Projection:
    """Return the plane along two directions; the second axis is what of it is across the first.

    Parameters
    ----------
    first, second
        Directions, shape (d,).
    origin
        A state, shape (d,); zero by default.
    names
        Of the axes.

    Raises
    ------
    ArgumentError
        If shapes do not fit, or the directions are parallel.

    Examples
    --------
    >>> along([1.0, 0.0, 0.0], [1.0, 0.0, 2.0]).components_.tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    a, b = read_floats("first", first), read_floats("second", second)
    if a.ndim != 1 or len(a) < 2:
        raise ArgumentError(f"first: got shape {a.shape}, but (d,) is wanted, of two and more.")
    if a.shape != b.shape:
        raise ArgumentError(f"second: got shape {b.shape}, but {a.shape} is wanted, as first has.")
    check_sequence("names", names, str, "two names")
    if len(names) != 2:
        raise ArgumentError(f"names: got {len(names)}, but two names are wanted.")
    axes = _orthonormal("second", np.stack([a, b]))
    return Projection.of(axes, _origin("origin", origin, len(a)), names)


def modes(points: Any, row: int = 0, which: Sequence[int] = (0, 1)) -> Projection:
    """Return the plane through a point along two of its modes, the most unstable ones by default.

    A complex mode spans a plane by itself, by its real and its imaginary part.

    Parameters
    ----------
    points
        `FixedPoints`, `SlowPoints` or a `Linearization`.
    row
        Which of the points.
    which
        Numbers of the modes, in the order of the eigenvalues.

    Raises
    ------
    ArgumentError
        If there is no such point or mode, or the modes span no plane.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh([3, 2, 1] * x), state_size=3)
    >>> modes(sp.linearize(system, np.zeros((1, 3)))).components_.tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    lin, row = _linear_at(points, row)
    d = lin.states.shape[1]
    check_sequence("which", which, int, "numbers of modes")
    numbers = [check_whole("which", k, least=0, most=d - 1) for k in which]
    oscillates, names = lin.eigenvalues[row].imag != 0, [f"mode {k}" for k in numbers]
    if numbers and oscillates[numbers[0]]:  # with its partner, if that is named, it spans the plane
        vector = lin.right[row, :, numbers[0]]
        pair, names = np.stack([vector.real, vector.imag]), [f"Re {names[0]}", f"Im {names[0]}"]
    elif len(numbers) == 2 and not oscillates[numbers].any():
        pair = lin.right[row][:, numbers].real.T
    else:
        raise ArgumentError(
            f"which: got {list(which)}, but two real modes, or one that oscillates first, are "
            f"wanted."
        )
    return Projection.of(_signed(_orthonormal("which", pair)), lin.states[row], names, lin.states)


def selection(points: Any, row: int = 0, channel: int = 0, mode: int | None = None) -> Projection:
    """Return the plane of the selection vector and an input, as in Mante et al. (2013).

    The first axis is the left eigenvector of a slow mode: how far a push along it moves the state
    for good, as far as that mode lasts. The second is what of the input's direction, dF / du, is
    across it.

    Parameters
    ----------
    points
        `FixedPoints`, `SlowPoints`, a `Linearization`, or a `SlowManifold` (at a node).
    row
        Which of the points, or of the nodes.
    channel
        Which input.
    mode
        Which mode; by default the real one nearest to standing still: 1 for a map, 0 for a flow.

    Raises
    ------
    ArgumentError
        If there is no such point, input or mode, the mode oscillates, or the two directions are
        parallel.
    """
    if isinstance(points, SlowManifold):
        flat = points.states.reshape(-1, points.states.shape[-1])
        row = check_whole("row", row, least=0, most=len(flat) - 1)
        d, m = points.input_jacobian.shape[-2:]
        state, towards = flat[row], points.selection.reshape(-1, d, points.dimension)[row, :, 0]
        around = points.states[points.present]
        pushes = points.input_jacobian.reshape(-1, d, m)[row]
    else:
        lin, row = _linear_at(points, row)
        values = lin.eigenvalues[row]
        if mode is None:
            away = np.abs(values - (1.0 if lin.kind == "map" else 0.0))
            mode = int(np.argmin(np.where(values.imag == 0, away, np.inf)))
        mode = check_whole("mode", mode, least=0, most=len(values) - 1)
        if values[mode].imag != 0:
            raise ArgumentError(f"mode: mode {mode} of point {row} oscillates; use modes().")
        state, pushes = lin.states[row], lin.input_jacobian[row]
        towards, around = lin.left[row, :, mode].real, lin.states
    if not pushes.shape[1]:
        raise ArgumentError("points: their system has no inputs, so none has a direction.")
    channel = check_whole("channel", channel, least=0, most=pushes.shape[1] - 1)
    axes = _orthonormal("channel", np.stack([towards, pushes[:, channel]]))
    return Projection.of(axes, state, ["selection vector", f"input {channel}"], around)


def latent(system: Any, inputs: Any = None) -> Projection:
    """Return the latent plane of a network whose recurrent weights have rank 2.

    Of a leaky network of currents, x' = (1 - a) x + a (W phi(x) + c), it is the plane c + U k,
    which no state leaves. Of rates, x' = (1 - a) x + a phi(W x + c), its coordinates are V^T x,
    which move by themselves, whatever x is besides. W = U V^T; U, V of orthonormal columns. Both
    hold for one leak a that all units have.

    Parameters
    ----------
    system
        A vanilla, leaky or rate network, also clamped or restricted.
    inputs
        The constant input, shape (m,).

    Raises
    ------
    ArgumentError
        If it is no such network, of another rank, or its units have different leaks.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> U, V = np.random.default_rng(0).normal(size=(2, 40, 2))
    >>> leak = np.full(40, 0.1)
    >>> cell = sp.cells.LeakyCell(U @ V.T / 40, np.zeros((40, 0)), U[:, 0], leak, "tanh")
    >>> system = sp.as_system(cell)
    >>> field = sp.flow_field(system, latent(system), bounds=[(-9, 9), (-9, 9)])
    >>> field.share.min().round(9).item()
    1.0
    """
    network = check_system(system)
    u = read_inputs("inputs", inputs, 1, network.input_size)
    enclosed = network.dynamics.interval_extension()
    form = None if enclosed is None else enclosed.rate_form(Interval(u))
    if form is None:
        raise ArgumentError(
            "system: it has no recurrent weights of a vanilla, leaky or rate network; choose "
            "another plane, such as planes.pca(states)."
        )
    leaks = np.ravel(to_numpy(getattr(innermost(network.dynamics), "alpha", np.ones(1))))
    if np.ptp(leaks):
        raise ArgumentError(
            f"system: its units have leaks of {leaks.min():g} to {leaks.max():g}, so no plane "
            f"moves by itself; choose another one, such as planes.pca(states)."
        )
    left, sizes, right = np.linalg.svd(form.matrix.mid)
    rank = int((sizes > _DEPENDENT * sizes[0]).sum())
    if rank != 2:
        raise ArgumentError(
            f"system: its recurrent weights have rank {rank}, but 2 is wanted for a plane; choose "
            f"another one, such as planes.along(first, second)."
        )
    axes, mean = (left[:, :2].T, form.c.mid) if form.of_currents else (right[:2], 0 * form.c.mid)
    return Projection.of(_signed(axes), mean, ["latent 1", "latent 2"])


# -- inside -----------------------------------------------------------------------------------


def _linear_at(points: Any, row: Any) -> tuple[Linearization, int]:
    """Return the linearisation of some points, and the number of one of them."""
    if not isinstance(points, FixedPoints | SlowPoints | Linearization):
        check_kind("points", points, FixedPoints, "FixedPoints, SlowPoints or a Linearization")
    lin = points if isinstance(points, Linearization) else points.linearization
    return lin, check_whole("row", row, least=0, most=len(lin) - 1)


def _origin(name: str, origin: Any, size: int) -> Float[np.ndarray, " d"]:
    at = np.zeros(size) if origin is None else read_floats(name, origin)
    if at.shape != (size,):
        raise ArgumentError(f"{name}: got shape {at.shape}, but ({size},) is wanted: one state.")
    return at


def _orthonormal(name: str, rows: Float[np.ndarray, "2 d"]) -> Float[np.ndarray, "2 d"]:
    """Return two orthonormal axes, the first along the first row."""
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
    _check_independent(name, unit)
    q, r = np.linalg.qr(unit.T)
    return (q * np.sign(np.diag(r))).T + 0.0  # no negative zeros


def _check_independent(name: str, rows: Float[np.ndarray, "2 d"]) -> None:
    if rows.ndim != 2 or len(rows) != 2 or rows.shape[1] < 2:
        raise ArgumentError(
            f"{name}: got shape {rows.shape}, but (2, d) is wanted: two directions among two "
            f"variables or more."
        )
    sizes = np.linalg.svd(rows, compute_uv=False)
    if not sizes[1] > _DEPENDENT * sizes[0]:
        raise ArgumentError(f"{name}: the two directions lie on one line, so they span no plane.")


def _signed(axes: Float[np.ndarray, "2 d"]) -> Float[np.ndarray, "2 d"]:
    """Return axes whose largest entries are positive, so that pictures do not flip."""
    largest = np.abs(axes).argmax(axis=1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None] + 0.0
