"""Where searches start: states of trajectories, and the box in which the points can lie.

Where a box is proved to hold them all, it is taken. Elsewhere it is guessed: a fixed point is its
own image under y -> y + g(y), g the equilibrium form, so if that map seems to send all states into
one box, however far out they are, that is the box. Otherwise it is one around trajectories.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from jaxtyping import Bool, Float

from .._core.arrays import to_numpy
from .._core.selections import read_mask, read_unmasked
from .._core.validation import check_real, check_whole, read_floats, read_generator
from ..errors import ArgumentError
from ..intervals import Interval
from ..system import System

States = Float[np.ndarray, "n d"]

# Random states whose images span the box, and the range of their scales.
_TRIED = 1024
_WIDE = (0.1, 1e4)

# Images are bounded if those of the wide half reach no further than this many times the others.
_SAME = 2.0

# Trajectories that are simulated when none are given, and their steps.
_TRIALS = 64
_STEPS = 64

# Scales of the states where trajectories begin. Small ones see what weights near zero do.
_SCALES = (1e-2, 3.0)

#: States further out are not started from: the network diverges there, or has memories so large
#: that rounding hides how everything else moves.
FAR = 1e3

# So many states can be drawn at a time.
_MOST_DRAWN = 2**31

# Steps while some units are held: what follows from them at once has followed by then.
_HELD_STEPS = 8

# A box around trajectories is that of this share of their states, and so many times wider.
_SHARE = 0.99
_WIDENED = 1.5


def states_at(system: System, y: Float[np.ndarray, "n k"], u: Float[np.ndarray, " m"]) -> States:
    """Return the states that belong to unknowns y of the equilibrium form, under one input."""
    dynamics = system.dynamics
    inputs = dynamics.arrays.asarray(np.tile(u, (len(y), 1)))
    state = dynamics.equilibrium_problem().state(dynamics.arrays.asarray(y), inputs)
    return to_numpy(state).astype(np.float64)


def unknowns_at(system: System, x: States, u: Float[np.ndarray, " m"]) -> Float[np.ndarray, "n k"]:
    """Return the unknowns of the equilibrium form that belong to states x, under one input."""
    dynamics = system.dynamics
    inputs = dynamics.arrays.asarray(np.tile(u, (len(x), 1)))
    y = dynamics.equilibrium_problem().coordinates(dynamics.arrays.asarray(x), inputs)
    return to_numpy(y).astype(np.float64)


def visited_states(system: System, u: Float[np.ndarray, " m"], rng: np.random.Generator) -> States:
    """Return the states of simulated trajectories, the random ones at their beginning included.

    A flow without dt cannot be simulated; then there are only those.
    """
    scales = np.exp(rng.uniform(np.log(_SCALES[0]), np.log(_SCALES[1]), (_TRIALS, 1)))
    begin = scales * rng.standard_normal((_TRIALS, system.state_size))
    if system.kind == "flow" and system.dt is None:
        return begin
    drive = np.tile(u, (_TRIALS, _STEPS, 1))
    path = system.simulate(begin, drive).reshape(-1, system.state_size)
    path = path[np.abs(path).max(axis=1) < FAR]  # a comparison with NaN is False
    return np.concatenate([begin, path])


def box_of_points(
    system: System, u: Float[np.ndarray, " m"], visited: States, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return the lower and upper corner of a box that holds the fixed points, or trajectories.

    The box is one of the unknowns of the equilibrium form.

    Examples
    --------
    >>> from stillpoint.as_system import as_system
    >>> system = as_system(lambda x: np.tanh(2 * x), state_size=1, recognise=False)
    >>> box_of_points(system, np.zeros(0), np.zeros((1, 1)), np.random.default_rng(0))
    (array([-1.]), array([1.]))
    """
    proved = _proved_box(system, u)
    if proved is not None:
        return proved.lower, proved.upper
    y = unknowns_at(system, visited, u)
    if system.kind == "map":
        scales = np.geomspace(*_WIDE, _TRIED)[:, None]
        images = _images(system, scales * rng.standard_normal((_TRIED, y.shape[1])), u)
        finite = np.isfinite(images).all(axis=1)  # gates that are all closed may leave 0 / 0
        near, far = (
            part[kept] for part, kept in zip(np.split(images, 2), np.split(finite, 2), strict=True)
        )
        if len(far) and np.abs(far).max() <= _SAME * np.abs(near).max():
            both = np.concatenate([near, far])
            return both.min(axis=0), both.max(axis=0)
    low, high = np.quantile(y, [(1 - _SHARE) / 2, (1 + _SHARE) / 2], axis=0)
    centre, radius = (low + high) / 2, _WIDENED * (high - low) / 2
    return centre - radius, centre + radius


def _proved_box(system: System, u: Float[np.ndarray, " m"]) -> Interval | None:
    """Return a box that is proved to hold the unknowns of all fixed points, shape (k,), or None."""
    exact = system.dynamics.interval_extension()
    if exact is None:
        return None
    form = exact.rate_form(Interval(u[None]))
    if form is not None and form.bounds is not None:
        states = form.bounds @ form.W.T + form.c if form.of_currents else form.bounds
        return exact.equilibrium_problem().coordinates(states[None], Interval(u[None]))[0]
    box, nodes = exact.equilibrium_box(), system.dynamics.n_nodes
    return None if box is None else Interval(np.tile(box.mid, nodes), np.tile(box.radius, nodes))


def _images(
    system: System, y: Float[np.ndarray, "n k"], u: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "n k"]:
    """Return y + g(y), g the equilibrium form."""
    dynamics = system.dynamics
    unknowns = dynamics.arrays.asarray(y)
    inputs = dynamics.arrays.asarray(np.tile(u, (len(y), 1)))
    residual = dynamics.equilibrium_problem().residual(unknowns, inputs)
    return y + to_numpy(residual).astype(np.float64)


@np.errstate(all="ignore")
def follow_held(
    system: System,
    y: Float[np.ndarray, "n k"],
    u: Float[np.ndarray, " m"],
    held: Bool[np.ndarray, "n k"],
) -> Float[np.ndarray, "n k"]:
    """Return where the unknowns y of the equilibrium form come to while those `held` do not move.

    Examples
    --------
    >>> from stillpoint.as_system import as_system
    >>> system = as_system(lambda x: np.tanh(x @ np.array([[0, 3], [0, 0]])), state_size=2)
    >>> y, held = np.array([[1.0, -1.0]]), np.array([[True, False]])
    >>> follow_held(system, y, np.zeros(0), held).round(3)
    array([[1.   , 0.995]])
    """
    steps, length = _HELD_STEPS, 1.0
    if system.kind == "flow" and not system.dynamics.has_equilibrium_form:
        steps, length = _STEPS, system.dt or 0.0  # how fast it is only dt tells
    for _ in range(steps):
        y = np.where(held, y, y + length * (_images(system, y, u) - y))
    return y


@overload
def sample_states(
    trajectories: Any,
    n: int,
    *,
    inputs: None = None,
    noise: float = 0.0,
    where: Any = None,
    seed: int | np.random.Generator = 0,
) -> Float[np.ndarray, "n d"]: ...


@overload
def sample_states(
    trajectories: Any,
    n: int,
    *,
    inputs: Any,
    noise: float = 0.0,
    where: Any = None,
    seed: int | np.random.Generator = 0,
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]: ...


@np.errstate(all="ignore")
def sample_states(
    trajectories: Any,
    n: int,
    *,
    inputs: Any = None,
    noise: float = 0.0,
    where: Any = None,
    seed: int | np.random.Generator = 0,
) -> Float[np.ndarray, "n d"] | tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]:
    """Draw states from trajectories, with Gaussian noise if wanted.

    Parameters
    ----------
    trajectories
        Shape (trials, time, d), or (k, d) for states without an order. States of which something
        is masked, in an array of `numpy.ma`, are never drawn.
    n
        How many states; without replacement as long as there are enough.
    inputs
        Inputs at the same trials and times, shape (trials, time, m); then pairs are returned.
    noise
        Standard deviation of the noise on every state variable, in units of the state. Unstable
        points are rarely visited, so starts without noise tend to find the stable ones alone.
    where
        Boolean mask, shape (trials, time), of the states that may be drawn.
    seed
        A seed or a NumPy generator.

    Returns
    -------
    states, shape (n, d), or a pair of states and inputs, shape (n, m)

    Raises
    ------
    ArgumentError
        If shapes do not fit each other, or the mask leaves nothing.

    Examples
    --------
    >>> import numpy as np
    >>> sample_states(np.zeros((5, 10, 2)), 3, noise=0.1).shape
    (3, 2)
    """
    path, known = read_unmasked("trajectories", trajectories)
    if path.ndim not in (2, 3):
        raise ArgumentError(
            f"trajectories: got shape {path.shape}, but (trials, time, d) or (k, d) is wanted."
        )
    if not path.size:
        raise ArgumentError(f"trajectories: got shape {path.shape}, which holds no state to draw.")
    n = check_whole("n", n, least=1, most=_MOST_DRAWN)
    noise = check_real("noise", noise, least=0)
    rng = read_generator("seed", seed)
    allowed = np.flatnonzero(_mask(where, path.shape[:-1]) & known.all(axis=-1))
    if not len(allowed):
        if where is None:
            raise ArgumentError("trajectories: every state has a masked value; none can be drawn.")
        raise ArgumentError(
            "where: the mask leaves no state to draw; let at least one be True, and not be masked "
            "in `trajectories`."
        )
    chosen = rng.choice(allowed, size=n, replace=n > len(allowed))
    states = path.reshape(-1, path.shape[-1])[chosen]
    states = states + noise * rng.standard_normal(states.shape)
    if inputs is None:
        return states
    drive = read_floats("inputs", inputs)
    if drive.ndim != path.ndim or drive.shape[:-1] != path.shape[:-1]:
        raise ArgumentError(
            f"inputs: got shape {drive.shape}, but {(*path.shape[:-1], 'm')} is wanted, as the "
            f"trajectories have shape {path.shape}."
        )
    return states, drive.reshape(-1, drive.shape[-1])[chosen]


def _mask(where: Any, shape: tuple[int, ...]) -> Bool[np.ndarray, "..."]:
    """Return a caller's mask of the states that may be drawn."""
    return np.ones(shape, dtype=bool) if where is None else read_mask("where", where, shape)
