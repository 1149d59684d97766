"""Newton's method for a closed curve and its rotation number: F(K(θ)) = K(θ + ρ).

The derivative of the curve is carried along itself, so a correction is one across the curve, with
the tangent taken out of the Jacobian, and one along it, which is the integral of a function with
its mean for the change of ρ (Haro, Canadell, Figueras, Luque and Mondelo 2016, chapter 4). With few
modes the equation can hold at the nodes, to rounding, and be wrong between them; so each result is
looked at on twice as many nodes, and taken there if it does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.arrays import to_numpy
from ...points.fourier import evaluated, more_nodes, n_modes, resampled, sizes, slope, turned
from ...system import System
from .along import bounded_solution

# Newton steps with one number of modes, the parts of a step that are tried, and what a step, or two
# refinements, must gain to be worth another.
_STEPS = 30
_PARTS = (1.0, 0.3, 0.1)
_GAIN = 0.5

# Relative to the size of the curve: what a guess may still miss when Newton's method has ended, and
# from where on it is near. The part of the tolerance that is enough at the nodes.
_ROUGH, _FAR, _ENOUGH = 0.5, 1e-3, 1e-2

# What has shrunk to this part of the guess, or is this small beside its states, is a point.
_SMALL = 1e-5

# What rounding leaves of large states.
_ROUNDING = 64 * np.finfo(np.float64).eps

# Of modes that belong to another curve: how small those are that it has not, relative to the
# largest.
_ABSENT = 1e-7

# A turn that comes back this nearly, after as many steps as there are modes or these, is a cycle's.
_BACK, _STEPS_BACK = 1e-9, 64

# What the highest modes are: the last tenth of them.
_LAST = 0.1

States = Float[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class Turn:
    """A closed curve at its nodes, with the turn of one step along it.

    Attributes
    ----------
    system
        The map, or the iterate of it that keeps the curve.
    u
        Its input.
    nodes
        The curve at equally spaced angles.
    rho
        The rotation number, in turns.
    attracts
        Whether only a curve that attracts is wanted.
    residual
        The largest ``|F(K(θ)) - K(θ + ρ)|``, at the nodes and between them.
    error
        By how much a correction with twice the modes changes ρ.
    """

    system: System
    u: Float[np.ndarray, " m"]
    nodes: States
    rho: float
    attracts: bool = False
    residual: float = np.inf
    error: float = np.inf

    @property
    def size(self) -> float:
        """The largest distance of a node from the middle."""
        middle = self.nodes.mean(axis=0)
        return float(np.linalg.norm(self.nodes - middle, axis=1).max())

    @property
    def tail(self) -> float:
        """How large the last tenth of the modes is, relative to the largest of all."""
        each = sizes(self.nodes)[1:]
        last = max(1, round(_LAST * len(each)))
        return float(each[-last:].max() / max(each.max(), np.finfo(np.float64).tiny))

    def step(self, states: States) -> States:
        """Return F of states."""
        return self._of(self.system.dynamics.step, states)

    def jacobian(self, states: States) -> Float[np.ndarray, "n d d"]:
        """Return the Jacobian of F at states."""
        return self._of(self.system.dynamics.jacobian, states)

    def _of(self, function: Callable[[Any, Any], Any], states: States) -> np.ndarray:
        asarray = self.system.dynamics.arrays.asarray
        inputs = np.tile(self.u, (len(states), 1))
        return to_numpy(function(asarray(states), asarray(inputs))).astype(np.float64)

    @property
    def comes_back(self) -> bool:
        """Whether ρ is a ratio of small numbers, so that orbits are cycles and fill no curve."""
        turns = self.rho * np.arange(1, max(_STEPS_BACK, n_modes(len(self.nodes))) + 1)
        return bool((np.abs(turns - np.rint(turns)) < _BACK).any())

    @property
    def gaps(self) -> States:
        """``F(K(θ)) - K(θ + ρ)`` at the nodes."""
        return self.step(self.nodes) - turned(self.nodes, self.rho)

    @property
    def missed(self) -> float:
        """The largest of the gaps."""
        return float(np.linalg.norm(self.gaps, axis=1).max())

    def correction(self) -> tuple[States, float] | None:
        """Return what Newton's method adds to the curve and to its rotation number."""
        nodes, rho, gaps, along = self.nodes, self.rho, self.gaps, slope(self.nodes)
        dual = along / np.maximum((along**2).sum(axis=1, keepdims=True), 1e-300)
        J = self.jacobian(nodes)
        B = J - turned(along, rho)[:, :, None] * dual[:, None]  # the tangent goes to 0
        across = bounded_solution(B, gaps, rho, self.attracts)
        if across is None:
            return None
        drift = (dual * across).sum(axis=1)
        terms = np.fft.rfft(drift)
        terms[1:] /= np.exp(2j * np.pi * rho * np.arange(1, len(terms))) - 1
        terms[0] = 0.0  # where the curve begins is free
        return across + along * np.fft.irfft(terms, len(nodes))[:, None], float(drift.mean())


def solved(guess: Turn, tol: float, most_modes: int) -> Turn | None:
    """Return the curve that a guess leads to, None if it leads to none.

    Parameters
    ----------
    guess
        Where to begin.
    tol
        The largest residual, relative to the size of the curve.
    most_modes
        How many modes it may have.
    """
    turn, missed = guess, [np.inf, np.inf]
    while True:
        turn = _settled(turn, tol)
        size, largest = turn.size, float(np.abs(turn.nodes).max())
        if not (turn.residual < _ROUGH * size and size > _SMALL * max(guess.size, largest)):
            return None
        finer = replace(turn, nodes=resampled(turn.nodes, more_nodes(len(turn.nodes))))
        if finer.missed <= max(tol * size, _ROUNDING * largest):
            if turn.comes_back:
                return None
            step = finer.correction()
            error = np.inf if step is None else abs(step[1])
            return _told(replace(turn, residual=finer.missed, error=error))
        missed.append(finer.missed)
        if n_modes(len(finer.nodes)) > most_modes or not missed[-1] < _GAIN * missed[-3]:
            return None
        turn = finer


def _settled(turn: Turn, tol: float) -> Turn:
    """Return a curve that Newton's method improves no more at its nodes."""
    turn = replace(turn, residual=turn.missed)
    for _ in range(_STEPS):
        step = None if turn.residual <= _ENOUGH * tol * turn.size else turn.correction()
        better = None if step is None else _better(turn, *step)
        if better is None:
            break
        gain, turn = better.residual / turn.residual, better
        if gain > _GAIN and turn.residual < _FAR * turn.size:
            break
    return turn


def _better(turn: Turn, across: States, faster: float) -> Turn | None:
    """Return what the first part of a step leads to that gains anything, None if none does."""
    for part in _PARTS:
        tried = replace(turn, nodes=turn.nodes + part * across, rho=turn.rho + part * faster)
        if (missed := tried.missed) < turn.residual:
            return replace(tried, residual=missed)
    return None


def _told(turn: Turn) -> Turn:
    """Return the curve run through once, in the direction in which ρ is at most one half.

    It begins where its first mode, in the coordinate where that is largest, is at its top.
    """
    nodes, rho = turn.nodes, turn.rho % 1.0
    each = sizes(nodes)
    present = np.flatnonzero(each > _ABSENT * each[1:].max())
    if (times := int(np.gcd.reduce(present[present > 0]))) > 1:
        n = 2 * (n_modes(len(nodes)) // times) + 1
        nodes, rho = evaluated(nodes, np.arange(n) / (n * times)), times * rho % 1.0
    if rho > 0.5:
        nodes, rho = np.roll(nodes[::-1], 1, axis=0), 1.0 - rho
    first = np.fft.rfft(nodes, axis=0)[1]
    phase = np.angle(first[np.abs(first).argmax()])
    nodes = turned(nodes, -float(phase) / (2 * np.pi))
    return replace(turn, nodes=nodes, rho=rho)
