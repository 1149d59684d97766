"""Where orbits of a network came to rest: what attracts, whatever a search has found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.display import Display, plural
from .._core.record import Record, column, plain
from .._core.sentences import SentenceEnum
from .._core.values import Domain
from ..census import Followed


class OrbitEnd(SentenceEnum):
    """What one orbit came to.

    Examples
    --------
    >>> OrbitEnd.CYCLE.sentence, OrbitEnd.CYCLE.noun, OrbitEnd.GHOST.attracts
    ('ran into a cycle', 'cycle', False)
    """

    #: What it came to, as a noun, and whether that is something that attracts.
    noun: str
    attracts: bool

    POINT = 0, "settled on a point", "point", True
    CYCLE = 1, "ran into a cycle", "cycle", True
    MOVING = 2, "still moved", "still moving", False
    DIVERGED = 3, "ran away", "unbounded", False
    CURVE = 4, "went round a closed curve", "closed curve", True
    TORUS = 5, "moved on a torus", "torus", True
    CHAOS = 6, "moved chaotically", "chaotic attractor", True
    CONTINUUM = 7, "settled on a continuum of points", "continuum", True
    GHOST = 8, "passed a ghost", "ghost", False
    OPEN = 9, "stayed at what is not known to attract", "not attracting", False

    def __new__(
        cls, value: int, sentence: str = "", noun: str = "", attracts: bool = False
    ) -> OrbitEnd:
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence, member.noun, member.attracts = sentence, noun, attracts
        return member


@final
@dataclass(frozen=True, eq=False, repr=False)
class Orbits(Record):
    """One row for every orbit that was followed.

    Attributes
    ----------
    states, inputs
        Where it began, shapes (o, d) and (o, m).
    end
        Where it was left, shape (o, d).
    speed
        ``|F(x, u) - x|`` there (``|f|`` for a flow).
    period
        Of a cycle, or of a turn around a closed curve, in `time_unit`; NaN elsewhere.
    ending
        An `OrbitEnd` for each row.
    time_unit
        "steps" of a map, "units of time" of a flow.
    """

    rows = "orbit"

    states: Float[np.ndarray, "o d"] = column("orbit", "state", long_name="where an orbit began")
    inputs: Float[np.ndarray, "o m"] = column(
        "orbit", "input", long_name="its input", domain=Domain(finite=True)
    )
    end: Float[np.ndarray, "o d"] = column("orbit", "state", long_name="where it was left")
    speed: Float[np.ndarray, " o"] = column(
        "orbit", long_name="|F(x, u) - x| at the end", domain=Domain(least=0, missing=True)
    )
    period: Float[np.ndarray, " o"] = column(
        "orbit", long_name="period of its cycle", domain=Domain(above=0, missing=True)
    )
    ending: Int[np.ndarray, " o"] = column(
        "orbit", long_name="what it came to (OrbitEnd)", domain=Domain(options=OrbitEnd)
    )
    time_unit: str = plain(domain=Domain(options=("steps", "units of time")), default="steps")

    @classmethod
    def none(cls, d: int, m: int) -> Orbits:
        """Return the record where none was followed, in d states under m inputs."""
        x, rows = np.zeros((0, d)), np.zeros(0)
        return cls(x, np.zeros((0, m)), x, rows, rows, np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.speed)

    def _display(self) -> Display:
        return Display(f"{plural(len(self), 'orbit')}: {self.summary}")

    @property
    def is_settled(self) -> Bool[np.ndarray, " o"]:
        """Which orbits settled on a point."""
        return self.ending == OrbitEnd.POINT

    def by_input(self) -> dict[tuple[float, ...], Followed]:
        """Return what a census counts: under each input, and what did not settle in words."""
        counted = {}
        for u in np.unique(self.inputs, axis=0):
            own = self.take(np.flatnonzero((self.inputs == u).all(axis=1)))
            recurs = np.isin(own.ending, (OrbitEnd.CYCLE, OrbitEnd.CURVE))
            restless = own.take(np.flatnonzero(~own.is_settled & ~recurs))
            ends = own.take(np.flatnonzero(recurs)).summary
            counted[tuple(u.tolist())] = Followed(len(own), len(restless), restless.summary, ends)
        return counted

    @property
    def summary(self) -> str:
        """What the orbits came to, in words."""
        return ", ".join(
            f"{count} {OrbitEnd(ending).sentence}{self._detail(OrbitEnd(ending))}"
            for ending, count in Counter(self.ending.tolist()).most_common()
        )

    def _detail(self, ending: OrbitEnd) -> str:
        rows = self.ending == ending
        if ending in (OrbitEnd.CYCLE, OrbitEnd.CURVE):
            return f" of about {np.median(self.period[rows]):.3g} {self.time_unit}"
        if ending is OrbitEnd.MOVING:
            per = "a step" if self.time_unit == "steps" else "per unit of time"
            return f" by up to {self.speed[rows].max():.0e} {per}"
        return ""
