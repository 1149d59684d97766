"""The smallest input pulse that leads from each attractor to another: the verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.validation import check_real, check_whole, read_floats, read_inputs
from ...errors import ArgumentError
from ...points import Attractors, FixedPoints
from ...search.options import provenance
from ...system import System, check_system
from ..leading import Leading, read_targets
from ..machine.read import read_durations
from ..pulsed import pulsed
from .pulses_record import Pulses

# The smallest amplitude that is tried, as a share of the largest, and how many there are.
_LEAST, _TRIED = 1e-3, 64

# A threshold is halved until its sides differ by less than this share.
_SHARP = 5e-4

# So many states are pulsed at a time.
_AT_ONCE = 2**14


@np.errstate(all="ignore")
def smallest_pulses(
    system: System,
    attractors: Attractors | FixedPoints,
    directions: Any = None,
    *,
    durations: Any = (1, 2, 5, 10),
    rest: Any = None,
    largest: float = 10.0,
    n_amplitudes: int = _TRIED,
    steps: int = 20_000,
) -> Pulses:
    """Return the smallest input pulse that switches each attractor, for directions and durations.

    From each point that attracts, a pulse is held for some steps and is followed by rest, until the
    network is at an attractor. Amplitudes that are evenly spaced on a logarithmic scale are tried,
    and the first that changes the attractor is halved down to where the change begins, to one part
    in a thousand and better. A larger pulse may lead elsewhere or back: `Pulses.reached` holds what
    every amplitude did.

    Parameters
    ----------
    system
        A map, or a flow with `dt`.
    attractors
        From `find_attractors`, or fixed points: rows of the record are numbers of attractors in the
        result.
    directions
        What is added to the input, times the amplitude, shape (c, m). By default each channel, up
        and down.
    durations
        For how many steps pulses are held.
    rest
        The input before and after a pulse, shape (m,); zero by default.
    largest
        The largest amplitude that is tried; the smallest is a thousandth of it.
    n_amplitudes
        How many are tried. A change that is undone between two of them is not seen.
    steps
        Of rest that are followed, at most.

    Returns
    -------
    Pulses
        A row for each attractor, direction and duration.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or no point attracts under the input at rest.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> cell = sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
    >>> system = sp.as_system(cell)  # one unit with two memories
    >>> points = sp.find_all_fixed_points(system, np.zeros(1))
    >>> pulses = sp.smallest_pulses(system, points, durations=[1])
    >>> pulses.amplitude.round(2).tolist(), pulses.target.tolist()  # 2 * 0.9575 brings it to zero
    ([1.92, inf, inf, 1.92], [1, -1, -1, 0])
    """
    m = check_system(system).input_size
    if system.kind == "flow" and system.dt is None:
        raise ArgumentError("system: a flow needs a step; give one: as_system(..., dt=...).")
    if not m:
        raise ArgumentError("system: it has no inputs, so there is nothing to pulse.")
    quiet = read_inputs("rest", np.zeros(m) if rest is None else rest, 1, m)[0]
    pushes = _read_directions(directions, m)
    held = read_durations("durations", durations)
    largest = check_real("largest", largest, above=0, most=1e100)
    n_amplitudes = check_whole("n_amplitudes", n_amplitudes, least=2, most=100_000)
    steps = check_whole("steps", steps, least=1)
    rows, targets = read_targets(system, attractors, quiet)
    points = [k for k, target in enumerate(targets) if target.is_point]
    if not points:
        raise ArgumentError(
            f"attractors: no point among them attracts under the input {quiet.tolist()} at rest; "
            f"pass those found under that input, or another rest=."
        )
    numbers = np.array(points), np.arange(len(pushes)), np.arange(len(held))
    own, direction, length = (part.ravel() for part in np.meshgrid(*numbers, indexing="ij"))
    home = np.stack([target.lines[0, 0] for target in targets])[own]
    pulsing = _Pulsing(
        Leading(system, quiet, targets, home[:0], steps), home, pushes[direction], held[length]
    )
    amplitudes = np.geomspace(_LEAST * largest, largest, n_amplitudes)
    reached = pulsing.tried(amplitudes)
    below, amplitude, target = pulsing.halved(own, amplitudes, reached)
    named = np.append(rows, -1)
    told = {"largest": largest, "n_amplitudes": n_amplitudes, "steps": steps}
    return Pulses(
        source=rows[own],
        direction=direction,
        duration=held[length],
        amplitude=amplitude,
        below=below,
        target=named[target],
        reached=named[reached],
        amplitudes=amplitudes,
        directions=pushes,
        rest=quiet,
        system=system.info,
        provenance=provenance("smallest_pulses", system, home, **told),
    )


@dataclass(frozen=True, eq=False)
class _Pulsing:
    """Pulses of several shapes, each from a state of its own."""

    leading: Leading
    home: Float[np.ndarray, "k d"]
    push: Float[np.ndarray, "k m"]
    duration: Int[np.ndarray, " k"]

    def tried(self, amplitudes: Float[np.ndarray, " g"]) -> Int[np.ndarray, "k g"]:
        """Return the number of the target that each amplitude leads to, -1 for none."""
        k, g = len(self.home), len(amplitudes)
        rows, size = np.repeat(np.arange(k), g), np.tile(amplitudes, k)
        found = [
            self.ends(rows[first : first + _AT_ONCE], size[first : first + _AT_ONCE])
            for first in range(0, k * g, _AT_ONCE)
        ]
        return np.concatenate(found).reshape(k, g)

    def ends(
        self, rows: Int[np.ndarray, " j"], size: Float[np.ndarray, " j"]
    ) -> Int[np.ndarray, " j"]:
        """Return the number of the target to which pulses of these sizes lead, -1 for none."""
        u = self.leading.u + size[:, None] * self.push[rows]
        x = pulsed(self.leading.advance, self.home[rows], u, self.duration[rows])
        found, kept = np.full(len(rows), -1), np.flatnonzero(np.isfinite(x).all(axis=1))
        found[kept] = self.leading.lead(x[kept]).target
        return found

    def halved(
        self,
        own: Int[np.ndarray, " k"],
        amplitudes: Float[np.ndarray, " g"],
        reached: Int[np.ndarray, "k g"],
    ) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """Return both sides of the first threshold of each row, and where the upper one leads."""
        changes = (reached >= 0) & (reached != own[:, None])
        first, switches = changes.argmax(axis=1), changes.any(axis=1)
        stays = (reached == own[:, None]) & (np.arange(len(amplitudes)) < first[:, None])
        stays[~switches] = reached[~switches] == own[~switches, None]
        last = len(amplitudes) - 1 - stays[:, ::-1].argmax(axis=1)
        below = np.where(stays.any(axis=1), amplitudes[last], 0.0)
        amplitude = np.where(switches, amplitudes[first], np.inf)
        target = np.where(switches, reached[np.arange(len(own)), first], -1)
        left = np.flatnonzero(switches)
        while len(left := left[amplitude[left] - below[left] > _SHARP * amplitude[left]]):
            middle = (below[left] + amplitude[left]) / 2
            found = self.ends(left, middle)
            is_own, is_other = found == own[left], (found >= 0) & (found != own[left])
            below[left[is_own]] = middle[is_own]
            rows = left[is_other]
            amplitude[rows], target[rows] = middle[is_other], found[is_other]
            left = left[found >= 0]  # an orbit that comes to nothing known is on neither side
        return below, amplitude, target


def _read_directions(directions: Any, m: int) -> Float[np.ndarray, "c m"]:
    if directions is None:
        return np.concatenate([np.eye(m), -np.eye(m)])
    pushes = read_floats("directions", directions)
    if pushes.ndim != 2 or pushes.shape[1] != m or not len(pushes):
        raise ArgumentError(
            f"directions: got shape {pushes.shape}, but (c, {m}) is wanted: one row for each."
        )
    if not pushes.any(axis=1).all():
        raise ArgumentError("directions: one of them is zero, which pushes nowhere; leave it out.")
    return pushes
