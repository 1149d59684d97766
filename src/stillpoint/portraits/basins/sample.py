"""Which share of the states leads to which attractor: the verb."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import (
    check_kind,
    check_real,
    check_whole,
    read_floats,
    read_seed,
    read_states,
)
from ...errors import ArgumentError, came
from ...points import Attractors
from ...search.find_all import read_each_input
from ...search.options import provenance
from ...search.samplers import random_states
from ...search.units import units_of_motion
from ...system import System, check_system
from ..leading import lead_to
from .record import Basins


@np.errstate(all="ignore")
def sample_basins(
    system: System,
    attractors: Attractors,
    states: Any = None,
    *,
    inputs: Any = None,
    box: Any = None,
    around: Any = None,
    radius: float | None = None,
    n_states: int = 1000,
    steps: int = 20_000,
    seed: int = 0,
) -> Basins:
    """Estimate which share of the states leads to which attractor.

    Orbits are followed until they are at one of the attractors. Which one that is, is decided for
    each of the states; their shares are estimates of the sizes of the basins, and depend on where
    the states come from: a box, a ball, or where trials live. Orbits that come to none of the
    attractors are counted as that.

    Parameters
    ----------
    system
        From `as_system`.
    attractors
        From `find_attractors`.
    states
        The states, shape (n, d), such as those that `sample_states` draws from trials. By default
        random ones.
    inputs
        One constant input, shape (m,), or several, shape (k, m): states are followed under each of
        them. By default all inputs of the attractors.
    box
        Random states are of this box: its lower and upper corner, shape (2, d), or two numbers. By
        default of the one that holds all fixed points, as far as one is known, else of one around
        trajectories.
    around, radius
        Random states are of the ball around this state, shape (d,), with this radius.
    n_states
        How many random states, for each input.
    steps
        Steps of each orbit, at most.
    seed
        Of random states.

    Returns
    -------
    Basins
        The attractor of each state, and shares with exact 95 % intervals.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or there is no attractor under one of the inputs.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1)
    >>> attractors = sp.find_attractors(system)
    >>> basins = sp.sample_basins(system, attractors, box=(-1, 3), n_states=400)
    >>> above = int(attractors.states[1, 0, 0] > 0)  # three quarters of this box lead there
    >>> low, high = basins.share_interval[above]
    >>> bool(low < 0.75 < high), basins.n_open
    (True, 0)
    """
    d = check_system(system).state_size
    check_kind("attractors", attractors, Attractors, "what find_attractors returns")
    attractors.system.check_same("attractors", system.info)
    rows = read_each_input(system, attractors.inputs if inputs is None else inputs)
    for u in rows:
        if not (attractors.attracts & (attractors.inputs == u).all(axis=1)).any():
            raise ArgumentError(
                f"attractors: none of them is under the input {u.tolist()}; pass those found under "
                f"it, or other inputs=."
            )
    n_states = check_whole("n_states", n_states, least=1, most=100_000_000)
    steps = check_whole("steps", steps, least=1)
    rng = np.random.default_rng(read_seed("seed", seed))
    given, drawn = _read_states(d, states, box, around, radius, n_states, rng)
    every = [_of_points(system, u, n_states, rng) if given is None else given for u in rows]
    x = np.concatenate(every)
    if not len(x):
        raise ArgumentError("states: there is none; pass some, or a box.")
    u = np.repeat(rows, [len(several) for several in every], axis=0)
    led = lead_to(system, attractors, x, u, steps)
    told = {"n_states": n_states, "steps": steps, "seed": seed}
    return Basins(
        states=x,
        inputs=u,
        attractor=led.target,
        steps=led.steps,
        drawn=drawn,
        attractors=attractors,
        system=system.info,
        provenance=provenance("sample_basins", system, x, **told),
    )


def _of_points(
    system: System, u: Float[np.ndarray, " m"], n: int, rng: np.random.Generator
) -> Float[np.ndarray, "n d"]:
    """Return states of the box that holds the fixed points, as `find_attractors` draws them."""
    units = units_of_motion(system, u, rng)
    return random_states(units.of(system), u, rng, n) * units.scale


def _read_states(
    d: int,
    states: Any,
    box: Any,
    around: Any,
    radius: Any,
    n: int,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "n d"] | None, str]:
    """Return the states that the caller's arguments mean, None for the box of the fixed points."""
    passed = {"states": states, "box": box, "around": around}
    several = [name for name, value in passed.items() if value is not None]
    if len(several) > 1:
        raise ArgumentError(
            f"{several[1]}: got it beside {several[0]}=, but states come from one place; leave one "
            f"of them out."
        )
    if (around is None) != (radius is None):
        raise ArgumentError("radius: it goes with around=, the centre of a ball; pass both.")
    if states is not None:
        return read_states("states", states, d), "that were handed over"
    if box is not None:
        low, high = _read_box(box, d)
        return rng.uniform(low, high, (n, d)), "drawn from a box"
    if around is None:
        return None, "drawn from the box of the fixed points"
    centre = read_floats("around", around)
    if centre.shape != (d,):
        raise ArgumentError(f"around: got shape {centre.shape}, but ({d},) is wanted: one state.")
    radius = check_real("radius", radius, above=0, most=1e100)
    way = rng.standard_normal((n, d))
    way *= radius * rng.uniform(0, 1, (n, 1)) ** (1 / d) / np.linalg.norm(way, axis=1)[:, None]
    return centre + way, f"drawn from a ball of radius {radius:g}"


def _read_box(box: Any, d: int) -> Float[np.ndarray, "2 d"]:
    corners = read_floats("box", box)
    if corners.shape == (2,):
        corners = np.repeat(corners[:, None], d, axis=1)
    if corners.shape != (2, d) or not (corners[0] < corners[1]).all():
        raise ArgumentError(
            f"box: got {came(box)}, but its lower and upper corner are wanted, shape (2, {d}), or "
            f"two numbers, the smaller one first."
        )
    if not np.abs(corners).max(initial=0.0) < 1e100:
        raise ArgumentError(f"box: got {came(box)}, which is too large to draw from.")
    return corners
