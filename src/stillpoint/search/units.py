"""The units of a search: states are measured by the size that they have, unit by unit.

Tolerances, the spacing of differences, distances between points and the reach of random starts all
mean "of a state of size one". A network in volts has other sizes, so the search is made on the
same dynamics in units of these sizes, and its points are brought back. Units are powers of two, by
which nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import to_numpy
from .._core.validation import read_floats
from ..dynamics.simulate import stepper
from ..dynamics.transforms import Rescaled
from ..errors import ArgumentError, came
from ..local import in_coordinates
from ..points import FixedPoints, Orbits, SlowPoints, Starts
from ..system import System
from .orbits import time_steps
from .run import half_square

# Sizes within this factor of one are taken for one.
_ORDINARY = 100.0

# A state variable has a size of its own where that differs by more than this factor from the size
# of all, as so many starts show.
_APART = 10.0
_SEVERAL = 16

# Random states, and their steps, that say what size is ordinary for a network.
_TRIED = 64
_STEPS = {"map": 64, "flow": 256}


@dataclass(frozen=True)
class Units:
    """The unit of each state variable, shape (d,), in which a search measures."""

    scale: Float[np.ndarray, " d"]

    @property
    def are_ones(self) -> bool:
        """Whether states are measured as they are."""
        return bool((self.scale == 1.0).all())

    def of(self, system: System) -> System:
        """Return the system with its state in these units."""
        if self.are_ones:
            return system
        dynamics = system.dynamics.for_states_of_size(self.scale)
        return replace(system, dynamics=Rescaled(dynamics, self.scale))

    def fixed_points(self, points: FixedPoints, system: System) -> FixedPoints:
        """Return the points of the system in these units as points of the system itself."""
        if self.are_ones:
            return points
        lin, starts = (
            in_coordinates(points.linearization, self.scale, system),
            self._starts(points.starts),
        )
        return replace(
            points,
            linearization=lin,
            q=half_square(system.dynamics, lin.states, lin.inputs),
            starts=replace(starts, q=half_square(system.dynamics, starts.end, starts.inputs)),
            orbits=None if points.orbits is None else self._orbits(points.orbits, system),
            scale=self.scale,
        )

    def slow_points(self, points: SlowPoints, system: System) -> SlowPoints:
        """Return the same of slow points, for which all variables must have one unit.

        Where the speed has its minima depends on how units are weighed against each other.
        """
        if self.are_ones:
            return points
        (unit,), starts = np.unique(self.scale), self._starts(points.starts)
        return replace(
            points,
            linearization=in_coordinates(points.linearization, self.scale, system),
            q=points.q * unit**2,
            speed=points.speed * unit,
            gradient_norm=points.gradient_norm * unit,
            starts=replace(starts, q=starts.q * unit**2),
            scale=self.scale,
        )

    def _orbits(self, orbits: Orbits, system: System) -> Orbits:
        end = orbits.end * self.scale
        speed = np.sqrt(2 * half_square(system.dynamics, end, orbits.inputs))
        return replace(orbits, states=orbits.states * self.scale, end=end, speed=speed)

    def _starts(self, starts: Starts) -> Starts:
        """Return the starts of a search, which owns them, as they are: they are written over."""
        for states in (starts.states, starts.end):
            states *= self.scale
        return starts


def read_units(
    system: System,
    scale: Any,
    states: Float[np.ndarray, "n d"],
    inputs: Float[np.ndarray, "n m"],
    *,
    one: bool = False,
) -> Units:
    """Return the units that a caller's `scale` says, or that states have, if it is None.

    If `one`, all state variables have the same.

    Raises
    ------
    ArgumentError
        If `scale` is neither a positive number nor one for each state variable.
    """
    d = system.state_size
    if scale is None:
        return _units_of_states(system, states, inputs, one=one)
    given = read_floats("scale", scale)
    if given.shape not in ((), () if one else (d,)) or not (given > 0).all():
        several = "" if one else f", or {d} of them, one for each state variable"
        raise ArgumentError(
            f"scale: got {came(scale)}, but a positive number is wanted{several}: the size of the "
            f"states."
        )
    if system.observed is not None:
        raise ArgumentError(
            "scale: an observed system is measured in what it observes; scale that instead."
        )
    return Units(_powers(np.broadcast_to(given, (d,))))


def units_of_motion(system: System, u: Float[np.ndarray, " m"], rng: np.random.Generator) -> Units:
    """Return the units of states that a network moves to by itself, under one input.

    Random states of ordinary size say which: where a step of a map leaves nothing of that size, or
    where trajectories settle below or beyond it. All else is ordinary. What is ordinary for a
    rectified network its constants say: without them it is the same in all units.
    """
    if _measures_by_itself(system):
        return Units(np.ones(system.state_size))
    form = system.dynamics.piecewise_linear()
    ordinary = (0.0 if form is None else form.sizes(u).max(initial=0.0)) or 1.0
    x = ordinary * rng.standard_normal((_TRIED, system.state_size))
    path = _sizes_on_the_way(system, x, np.tile(u, (_TRIED, 1))) / ordinary
    once, before, after = path[0], *(part.max(axis=0) for part in np.split(path, 4)[2:])
    settled = (after < 2 * before) & (before < 2 * after)
    if system.kind == "map":  # whose points lie where states are sent
        small, least = (once < 1 / _ORDINARY) & (after < 1 / _ORDINARY), once
    else:
        small, least = settled & (after < 1 / _ORDINARY), after
    large = settled.all() & (after > _ORDINARY)
    size = ordinary * np.where(small, least, np.where(large, after, 1.0))
    return _units_of(_middle(size), size)


def _sizes_on_the_way(
    system: System, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "t d"]:
    """Return how large each variable is in any of some states after every step."""
    asarray = system.dynamics.arrays.asarray
    step = stepper(system.dynamics, asarray(time_steps(replace(system, dt=None), x, u)[:, None]))
    state, inputs, sizes = asarray(x), asarray(u), []
    for _ in range(_STEPS[system.kind]):
        state = step(state, inputs)
        sizes.append(np.abs(to_numpy(state)).max(axis=0))
    return np.array(sizes, dtype=np.float64)


def _measures_by_itself(system: System) -> bool:
    """Return whether the states of a system are of size one by its nature."""
    dynamics = system.dynamics
    bounded = dynamics.maps_ball_into_itself and dynamics.interval_extension() is not None
    return system.observed is not None or (bounded and dynamics.piecewise_linear() is None)


def _units_of_states(
    system: System,
    states: Float[np.ndarray, "n d"],
    inputs: Float[np.ndarray, "n m"],
    *,
    one: bool,
) -> Units:
    """Return the units that states have, or that which they are sent to has where it is larger."""
    if _measures_by_itself(system):
        return Units(np.ones(system.state_size))
    # The middle one: of states of many sizes the large ones are measured by themselves anyway.
    steps = _step_sizes(system, states, inputs)
    own, own_sent = (
        np.array([_middle(column) for column in of.T]) for of in (np.abs(states), steps)
    )
    together, sent = _middle(np.abs(states)), _middle(steps)
    together = np.fmax(together, np.minimum(sent, 1.0))  # NaN where nothing is sent anywhere
    own = np.fmax(own, np.minimum(own_sent, 1.0))
    if system.kind == "map" and len(steps):  # whose points lie where states are sent
        nowhere = np.abs(steps).max(axis=0) < own / _ORDINARY
        together = sent if nowhere.all() else together
        own = np.where(nowhere, own_sent, own)
    if one or len(states) < _SEVERAL:
        return _units_of(together, np.full(system.state_size, together))
    return _units_of(together, own)


def _step_sizes(
    system: System, states: Float[np.ndarray, "n d"], inputs: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "k d"]:
    """Return how far some states are sent: small starts may lie in a network that is not small.

    Of a flow it is how far a Newton step would go if all directions were as stiff as the stiffest.
    """
    some = slice(None, None, max(1, len(states) // _TRIED))
    size = np.abs(system.step(states[some], inputs[some]))
    if system.kind == "flow":
        pairs = zip(states[some], inputs[some], strict=True)  # one Jacobian at a time
        size /= [[np.abs(system.jacobian(x[None], u[None])).max()] for x, u in pairs]
    return size[np.isfinite(size).all(axis=1)]


def _units_of(together: float, own: Float[np.ndarray, " d"]) -> Units:
    """Return units, given the size of all variables and of each; NaN where it is not known."""
    ratio = own / together
    apart = (ratio < 1 / _APART) | (ratio > _APART)
    size = np.where(apart, own, together)
    ordinary = ~((size <= 1 / _ORDINARY) | (size >= _ORDINARY))
    return Units(np.where(ordinary, 1.0, _powers(size)))


def _middle(values: Float[np.ndarray, "..."]) -> float:
    """Return the median of what is not zero, NaN where all is."""
    return float(np.median(values[values > 0])) if (values > 0).any() else np.nan


def _powers(size: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    """Return the nearest powers of two."""
    return np.exp2(np.rint(np.log2(size)))
