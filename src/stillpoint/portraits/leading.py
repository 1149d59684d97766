"""Where orbits lead among known attractors, how long that takes, and what they pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from .._core.arrays import to_numpy
from ..dynamics.simulate import stepper
from ..errors import ArgumentError, came
from ..points import Attractors, FixedPoints, OrbitEnd
from ..recurrence import distance_from, near
from ..search.orbits import time_steps
from ..system import System

# An orbit has come to an attractor within so many times the distance at which it counts as there,
# or, of a cloud of states, so many times what these are from their neighbours.
_REACH, _CLOUDY = 10.0, 3.0

# Steps between two looks at the attractors.
_LOOK = 16


def time_step(
    system: System, u: Float[np.ndarray, " m"], *states: Float[np.ndarray, "k d"]
) -> float:
    """Return a step in time of a flow that suits all of some states."""
    x = np.concatenate(states)
    return float(time_steps(system, x, np.tile(u, (len(x), 1))).min(initial=1.0))


@dataclass(frozen=True, eq=False)
class Target:
    """What orbits may lead to: its closed lines, and the distance at which they are there."""

    lines: Float[np.ndarray, "p t d"]
    reach: float

    @property
    def is_point(self) -> bool:
        """Whether it is a single state."""
        return self.lines.shape[:2] == (1, 1)

    @classmethod
    def of(cls, attractors: Attractors, row: int) -> Target:
        """Return one attractor as a target."""
        is_flow = attractors.system.kind == "flow"
        return cls.of_states(OrbitEnd(attractors.kind[row]), attractors.along(row), is_flow)

    @classmethod
    def of_states(cls, kind: OrbitEnd, states: Float[np.ndarray, "t d"], is_flow: bool) -> Target:
        """Return what attracts as a target, given states on it."""
        if kind == OrbitEnd.CURVE or (kind == OrbitEnd.CYCLE and is_flow):
            return cls(states[None], _REACH * near(states[None]))
        if kind in (OrbitEnd.POINT, OrbitEnd.CYCLE):
            return cls(states[:, None], _REACH * near(states[:, None]))
        size = np.maximum(1.0, np.abs(states).max(initial=0.0))
        apart = cKDTree(states).query(states, 2)[0][:, -1]
        return cls(states[:, None], _CLOUDY * float(np.median(apart)) / size)


def read_targets(
    system: System, attractors: Any, u: Float[np.ndarray, " m"]
) -> tuple[Int[np.ndarray, " t"], list[Target]]:
    """Return the rows of a caller's record that attract under an input, and each as a target.

    Raises
    ------
    ArgumentError
        If it is neither `Attractors` nor `FixedPoints`, or of another system.
    """
    if isinstance(attractors, Attractors):
        attractors.system.check_same("attractors", system.info)
        rows = np.flatnonzero(attractors.attracts & (attractors.inputs == u).all(axis=1))
        return rows, [Target.of(attractors, int(row)) for row in rows]
    if not isinstance(attractors, FixedPoints):
        raise ArgumentError(
            f"attractors: got {came(attractors)}, but what `find_attractors` or a search for fixed "
            f"points returned is wanted."
        )
    attractors.system.check_same("attractors", system.info)
    rows = np.flatnonzero(attractors.is_stable & (attractors.inputs == u).all(axis=1))
    x, is_flow = attractors.xstar, system.kind == "flow"
    return rows, [Target.of_states(OrbitEnd.POINT, x[row, None], is_flow) for row in rows]


@dataclass(frozen=True, eq=False)
class Led:
    """What became of orbits.

    Attributes
    ----------
    target
        The number of the attractor, -1 for none.
    steps
        Steps until it was seen there.
    passed, distance, when
        The state that it came closest to, after it had left its own, how close, and in which step.
    """

    target: Int[np.ndarray, " k"]
    steps: Int[np.ndarray, " k"]
    passed: Int[np.ndarray, " k"]
    distance: Float[np.ndarray, " k"]
    when: Int[np.ndarray, " k"]


def lead_to(
    system: System,
    attractors: Attractors,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    steps: int,
) -> Led:
    """Follow orbits, each under its own input; targets are rows of the attractors."""
    none = np.full(len(x), -1)
    every = Led(none, none.copy(), none.copy(), np.full(len(x), np.inf), none.copy())
    for one in np.unique(u, axis=0):
        own = np.flatnonzero((u == one).all(axis=1))
        rows, targets = read_targets(system, attractors, one)
        led = Leading(system, one, targets, x[:0], steps, x[own]).lead(x[own])
        every.target[own] = np.append(rows, -1)[led.target]
        every.steps[own] = led.steps
    return every


@dataclass(frozen=True, eq=False)
class Leading:
    """Orbits under one input, among attractors and states that they may pass.

    A step of a flow suits these, and the states where orbits `begin` if they are elsewhere.
    """

    system: System
    u: Float[np.ndarray, " m"]
    targets: list[Target]
    saddles: Float[np.ndarray, "s d"]
    steps: int
    begin: Float[np.ndarray, "b d"] | None = None

    def lead(self, x: Float[np.ndarray, "k d"], own: Int[np.ndarray, " k"] | None = None) -> Led:
        """Follow orbits until they are at an attractor.

        What they pass is noted if they begin beside saddles of their `own`.
        """
        none = np.full(len(x), -1)
        led = Led(none, none.copy(), none.copy(), np.full(len(x), np.inf), none.copy())
        going, size = np.arange(len(x)), np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
        now = x
        for done in range(1, self.steps + 1):
            now = self.advance(now)
            if own is not None:
                self._pass(led, done, going, now, own[going], size[going])
            if done % _LOOK and done < self.steps:
                continue
            there, finite = np.full(len(going), -1), np.isfinite(now).all(axis=1)
            there[finite] = self._at(now[finite])
            led.target[going], led.steps[going] = there, done
            left = (there < 0) & finite
            going, now = going[left], now[left]
            if not len(going):
                break
        return led

    def advance(
        self, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"] | None = None
    ) -> Float[np.ndarray, "k d"]:
        """Return the states one step later, under other inputs if there are any."""
        asarray, held = self.system.dynamics.arrays.asarray, u
        if held is None:
            held = np.tile(self.u, (len(x), 1))
        return to_numpy(self._stepper(asarray(x), asarray(held))).astype(np.float64)

    def _at(self, x: Float[np.ndarray, "k d"]) -> Int[np.ndarray, " k"]:
        """Return at which attractor states are, -1 for none."""
        there, left = np.full(len(x), -1), np.arange(len(x))
        for reach, (tree, owner) in self._states.items():
            distance, nearest = tree.query(x[left])
            size = np.maximum(1.0, np.abs(x[left]).max(axis=1, initial=0.0))
            at = np.append(owner, -1)[nearest]  # what is too far away has no nearest state
            there[left] = np.where(distance < reach * size, at, -1)
            left = left[there[left] < 0]
        for number, target in enumerate(self.targets):
            if target.lines.shape[1] > 1:
                at = left[distance_from(target.lines, x[left]) < target.reach]
                there[at], left = number, left[there[left] < 0]
        return there

    @cached_property
    def _states(self) -> dict[float, tuple[cKDTree, Int[np.ndarray, " s"]]]:
        """The attractors that are no lines: their states and whose they are, for each reach."""
        several: dict[float, list[tuple[int, Float[np.ndarray, "p d"]]]] = {}
        for number, target in enumerate(self.targets):
            if target.lines.shape[1] == 1:
                several.setdefault(target.reach, []).append((number, target.lines[:, 0]))
        return {
            reach: (
                cKDTree(np.concatenate([states for _, states in those])),
                np.repeat([number for number, _ in those], [len(states) for _, states in those]),
            )
            for reach, those in several.items()
        }

    @cached_property
    def _stepper(self) -> Callable[[Any, Any], Any]:
        lines = [target.lines.reshape(-1, self.saddles.shape[1]) for target in self.targets]
        begin = self.saddles if self.begin is None else self.begin
        dt = time_step(self.system, self.u, self.saddles, *lines, begin)
        return stepper(self.system.dynamics, dt)

    def _pass(
        self,
        led: Led,
        done: int,
        rows: Int[np.ndarray, " k"],
        x: Float[np.ndarray, "k d"],
        own: Int[np.ndarray, " k"],
        size: Float[np.ndarray, " k"],
    ) -> None:
        """Note which saddles orbits are nearer to than to any before, but for their own."""
        apart = np.linalg.norm(x[:, None] - self.saddles, axis=2) / size[:, None]
        apart[np.arange(len(x)), own] = np.inf
        nearest = apart.argmin(axis=1)
        distance = apart[np.arange(len(x)), nearest]
        closer = distance < led.distance[rows]
        led.passed[rows[closer]], led.when[rows[closer]] = nearest[closer], done
        led.distance[rows[closer]] = distance[closer]
