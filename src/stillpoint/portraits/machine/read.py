"""Reading the machine that a network's memories and input pulses form.

Orbits decide it: each memory is pulsed and left to rest until it is at a memory again. Where the
step can be enclosed, sets of states are carried instead of states, which proves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from ..._core.arrays import to_numpy
from ..._core.grouping import group
from ..._core.validation import check_flag, check_whole, read_floats, read_inputs
from ...dynamics.simulate import stepper
from ...errors import ArgumentError, came
from ...local import linearize
from ...points import Attractors, FixedPoints, OrbitEnd
from ...proofs.transitions import UNPROVED, prove_transitions
from ...search.certify import check_points
from ...search.options import provenance
from ...system import System, check_system
from ..pulsed import pulsed
from ..readout import outputs_of
from .compare import NOWHERE
from .record import Automaton

# An orbit is at a memory this near to it, and at rest where a step moves it less, both relative to
# max(1, |x|); memories are points that attract, so it stays.
_NEAR, _STILL = 1e-6, 1e-9

# Where orbits that ran away are looked for.
_FAR = 1e300

# Steps of rest after which the next pulse is tried at once.
_AT_ONCE = 16

# Steps of rest in which a pulse must be proved to have led to a memory, where none are told.
_SILENCE = 60


@np.errstate(all="ignore")
def read_automaton(
    system: System,
    attractors: Attractors | FixedPoints,
    pulses: Any,
    silence: int | None = None,
    *,
    rest: Any = None,
    duration: Any = 1,
    readout: Callable[[Any], Any] | None = None,
    steps: int = 5000,
    prove: bool = True,
) -> Automaton:
    """Read which memory each input pulse leads to from each memory, decided and proved.

    Each memory is pulsed, and followed under the rest input until it is at a memory again. States
    at rest that were not handed over, but are reached, become memories as well, and are named
    spurious. Where the step is a canonical cell's, or made of such, balls of states around the
    memories are carried through pulses and rest with every rounding included. What is proved of all
    pulses holds by induction for *every* sequence of them, if after each there is as much rest as
    the record says. What is decided comes of single orbits.

    Parameters
    ----------
    system
        A map, or a flow with `dt`, of which nothing is proved; `system.euler(dt)` is a map.
    attractors
        From `find_attractors`, or fixed points: those that attract under the rest input are the
        memories.
    pulses
        The inputs, shape (p, m).
    silence
        So many steps of rest at most must do for a proof, by default 60. With fewer the balls that
        are proved are smaller.
    rest
        The input between pulses, shape (m,); zero by default.
    duration
        For how many steps a pulse is held; of several, each makes pulses of its own.
    readout
        A function of states, shape (n, d), that returns outputs, shape (n, k).
    steps
        Of rest that are followed at most.
    prove
        Whether proofs are tried.

    Returns
    -------
    Automaton
        The table, with the evidence for each entry.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or there is no memory under the rest input.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> cell = sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
    >>> system = sp.as_system(cell)  # one unit with two memories
    >>> points = sp.find_all_fixed_points(system, np.zeros(1))
    >>> machine = sp.read_automaton(system, points, [[1.0], [-1.0]], duration=3)
    >>> machine.table.tolist(), machine.all_proved
    ([[1, 0], [1, 0]], True)
    """
    check_system(system)
    if system.kind == "flow" and system.dt is None:
        raise ArgumentError("system: a flow needs a step; give one: as_system(..., dt=...).")
    m = system.input_size
    quiet = read_inputs("rest", np.zeros(m) if rest is None else rest, 1, m)[0]
    memories = _memories(system, attractors, quiet)
    letters = read_floats("pulses", pulses)
    if letters.ndim != 2 or letters.shape[1] != m or not len(letters):
        raise ArgumentError(
            f"pulses: got shape {letters.shape}, but (p, {m}) is wanted: one row for each pulse."
        )
    lengths = read_durations("duration", duration)
    most = _SILENCE if silence is None else check_whole("silence", silence, least=0)
    check_flag("prove", prove)
    held = np.repeat(lengths, len(letters))
    letters = np.tile(letters, (len(lengths), 1))
    pulsed = _Pulsed(system, quiet, letters, held, check_whole("steps", steps, least=1))
    known, after, table = pulsed.closed(memories)
    radius, proved = np.zeros(len(known)), np.full(table.shape, UNPROVED)
    if prove and system.kind == "map":
        radius, proved = prove_transitions(
            system.dynamics, known, quiet, letters, held, table, most
        )
    safe = np.where((proved >= 0).all(axis=1), radius, 0.0)  # all that comes next is proved there
    return Automaton(
        memories=known,
        outputs=outputs_of(readout, known),
        pulses=letters,
        duration=held,
        table=table,
        silence_needed=pulsed.silence(known, after, table, safe),
        ball=radius,
        silence_proved=proved,
        spurious=np.arange(len(known)) >= len(memories),
        system=system.info,
        provenance=provenance("read_automaton", system, memories, silence=most, steps=steps),
    )


@dataclass(frozen=True, eq=False)
class _Pulsed:
    """What becomes of states under pulses, each held for its own time, and rest."""

    system: System
    rest: Float[np.ndarray, " m"]
    pulses: Float[np.ndarray, "p m"]
    duration: Int[np.ndarray, " p"]
    steps: int

    def closed(
        self, memories: Float[np.ndarray, "s d"]
    ) -> tuple[Float[np.ndarray, "t d"], Float[np.ndarray, "tp d"], Int[np.ndarray, "t p"]]:
        """Return memories with those that are reached, states after pulses, and the table."""
        known = new = memories
        after = memories[:0]
        while len(new):
            after = np.concatenate([after, self.pulsed(new)])
            ends, found = self.settled(known, after)
            new = self._attracting(ends[found == NOWHERE])
            known = np.concatenate([known, new])
        return known, after, found.reshape(len(known), len(self.pulses))

    def pulsed(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "np d"]:
        """Return states at the end of each pulse, those of the first state first."""
        n, p = len(x), len(self.pulses)
        x, u, held = x.repeat(p, axis=0), np.tile(self.pulses, (n, 1)), np.tile(self.duration, n)
        return pulsed(self.step, x, u, held)

    def settled(
        self,
        known: Float[np.ndarray, "s d"],
        x: Float[np.ndarray, "n d"],
        safe: Float[np.ndarray, " s"] | float = 0.0,
    ) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]:
        """Return where orbits at rest are left, and at which memory; `NOWHERE` for none.

        They need not be followed further than into balls that are `safe`.
        """
        ends, found, left = x.copy(), np.full(len(x), NOWHERE), np.arange(len(x))
        for _ in range(self.steps):
            found[left] = _at(known, x, safe)
            after = self.step(x)
            moves = np.linalg.norm(after - x, axis=1) > _STILL * _size(x)
            ends[left], goes_on = x, (found[left] == NOWHERE) & moves
            left, x = left[goes_on], after[goes_on]
            if not len(left):
                break
        return ends, found

    def step(
        self, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"] | None = None
    ) -> Float[np.ndarray, "n d"]:
        """Return the states a step later, under the rest input if none is given."""
        held = np.tile(self.rest, (len(x), 1)) if u is None else u
        asarray = self.system.dynamics.arrays.asarray
        return to_numpy(self._stepper(asarray(x), asarray(held))).astype(np.float64)

    @cached_property
    def _stepper(self) -> Callable[[Any, Any], Any]:
        return stepper(self.system.dynamics, self.system.dt or 1.0)

    def _attracting(self, ends: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "k d"]:
        """Return those of the ends that are at rest and attract, each once."""
        ends = ends[np.isfinite(ends).all(axis=1)]
        moves = np.linalg.norm(self.step(ends) - ends, axis=1)
        still = ends[moves <= _STILL * _size(ends)]
        first = np.unique(group(still / _size(still)[:, None], _NEAR), return_index=True)[1]
        return still[first][linearize(self.system, still[first], self.rest).is_stable]

    def silence(
        self,
        known: Float[np.ndarray, "s d"],
        x: Float[np.ndarray, "sp d"],
        table: Int[np.ndarray, "s p"],
        safe: Float[np.ndarray, " s"],
    ) -> Int[np.ndarray, "s p"]:
        """Return the steps of rest from which on each next pulse does what the table says.

        Orbits are asked until they are at the memory, or in a ball of which that is proved.
        """
        ends, needed, waited = table.ravel(), np.zeros(table.size, dtype=np.int64), 0
        left = np.flatnonzero(ends != NOWHERE)
        x = x[left]
        while len(left):
            orbit = [x]
            for _ in range(_AT_ONCE - 1):
                orbit.append(self.step(orbit[-1]))
            several = np.concatenate(orbit)
            found = self.settled(known, self.pulsed(several), safe)[1]
            wrong = found.reshape(_AT_ONCE, len(left), -1) != table[ends[left]]
            last = waited + 1 + np.arange(_AT_ONCE)[:, None]
            late = np.where(wrong.any(axis=2), last, 0).max(axis=0)
            needed[left] = np.maximum(needed[left], late)
            x, waited = self.step(orbit[-1]), waited + _AT_ONCE
            away = _at(known, x, safe) == NOWHERE
            left, x = left[away], x[away]
        return np.where(ends == NOWHERE, NOWHERE, needed).reshape(table.shape)


def _at(
    known: Float[np.ndarray, "s d"],
    x: Float[np.ndarray, "n d"],
    safe: Float[np.ndarray, " s"] | float,
) -> Int[np.ndarray, " n"]:
    """Return which memories states are at, `NOWHERE` for none."""
    within = np.maximum(_NEAR * _size(known), safe)
    distance, nearest = cKDTree(known).query(np.where(np.isfinite(x), x, _FAR))
    return np.where(distance <= within[nearest], nearest, NOWHERE)


def _size(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
    return np.maximum(1.0, np.linalg.norm(x, axis=1))


def _memories(
    system: System, attractors: Any, rest: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "s d"]:
    """Return the states that attract under the rest input."""
    if isinstance(attractors, Attractors):
        attractors.system.check_same("attractors", system.info)
        x, attracts = attractors.states[:, 0], attractors.kind == OrbitEnd.POINT
    elif isinstance(attractors, FixedPoints):
        check_points(system, attractors)
        x, attracts = attractors.xstar, attractors.is_stable
    else:
        raise ArgumentError(
            f"attractors: got {came(attractors)}, but what `find_attractors` or a search for fixed "
            f"points returned is wanted."
        )
    chosen = attracts & (attractors.inputs == rest).all(axis=1)
    if not chosen.any():
        raise ArgumentError(
            f"attractors: no point among them attracts under the input {rest.tolist()} between "
            f"pulses; pass those found under that input, or another rest=."
        )
    return x[chosen]


def read_durations(name: str, duration: Any) -> Int[np.ndarray, " k"]:
    """Return for how many steps pulses are held, each number once."""
    try:
        several = [duration] if isinstance(duration, str) else list(duration)
    except TypeError:
        several = [duration]
    held = [check_whole(name, steps, least=1, most=100_000) for steps in several]
    if not held:
        raise ArgumentError(f"{name}: there is none; one number of steps at least is wanted.")
    return np.unique(held)
