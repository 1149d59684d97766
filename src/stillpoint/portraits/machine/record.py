"""The record of a machine: memories, and to which of them every input pulse leads from each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column, plain
from ..._core.validation import check_kind, check_real, check_sequence, check_whole, read_rows
from ..._core.values import Domain
from ...errors import ArgumentError
from ...system_info import SystemInfo
from .compare import NOWHERE, Machine, MachineComparison, compare_machines

if TYPE_CHECKING:
    import pandas


@final
@dataclass(frozen=True, eq=False, repr=False)
class Automaton(Record):
    """The machine that memories and pulses form; made by `read_automaton`, and offered by tasks.

    Attributes
    ----------
    memories
        The states of the network in which it rests, shape (s, d); d = 0 for a task.
    outputs
        What is read out there, shape (s, k); k = 0 where no readout is known.
    pulses, duration
        The inputs, and for how many steps each is held, shapes (p, m) and (p,).
    table
        The memory to which each pulse leads from each, shape (s, p); -1 for none, and where a task
        leaves open what comes.
    silence_needed
        Decided by simulation: from so many steps of rest on, whatever pulse comes next does from
        there what it does from the memory itself; -1 where the table has -1.
    ball
        Every state this near to a memory is proved to settle on it, shape (s,); 0 without a proof.
    silence_proved
        Of every state of that ball it is proved that the pulse takes it into the ball of the memory
        in the table, where it is after so many steps of rest, and stays; -1 without a proof.
    spurious
        Which memories were not handed over, but reached from those that were.
    system
        Which system it is of; None for a task.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "memory"

    memories: Float[np.ndarray, "s d"] = column(
        "memory", "state", long_name="state at rest", domain=Domain(finite=True)
    )
    outputs: Float[np.ndarray, "s k"] = column(
        "memory", "output", long_name="what is read out", domain=Domain(finite=True)
    )
    pulses: Float[np.ndarray, "p m"] = column(
        "pulse", "input", long_name="input of a pulse", domain=Domain(finite=True)
    )
    duration: Int[np.ndarray, " p"] = column(
        "pulse", long_name="how long it is held", units="steps", domain=Domain(least=1)
    )
    table: Int[np.ndarray, "s p"] = column(
        "memory",
        "pulse",
        long_name="memory to which it leads, -1 for none",
        domain=Domain(least=NOWHERE, below="memory"),
    )
    silence_needed: Int[np.ndarray, "s p"] = column(
        "memory", "pulse", long_name="steps of rest that are enough", domain=Domain(least=NOWHERE)
    )
    ball: Float[np.ndarray, " s"] = column(
        "memory", long_name="states this near settle: proved", domain=Domain(least=0, finite=True)
    )
    silence_proved: Int[np.ndarray, "s p"] = column(
        "memory",
        "pulse",
        long_name="steps of rest that are proved to be enough, -1 without a proof",
        domain=Domain(least=NOWHERE),
    )
    spurious: Bool[np.ndarray, " s"] = column("memory", long_name="not handed over, but reached")
    system: SystemInfo | None = plain(SystemInfo, default=None)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    @classmethod
    def _asked(
        cls,
        table: Int[np.ndarray, "s p"],
        pulses: Float[np.ndarray, "p m"],
        outputs: Float[np.ndarray, "s k"],
    ) -> Automaton:
        """Return the machine that a task asks for, which begins in its first memory.

        Parameters
        ----------
        table, pulses, outputs
            As the attributes; -1 in the table leaves open what comes.
        """
        n = len(table)
        return cls(
            memories=np.zeros((n, 0)),
            outputs=outputs,
            pulses=pulses,
            duration=np.ones(len(pulses), dtype=np.int64),
            table=table,
            silence_needed=np.where(table >= 0, 0, NOWHERE),
            ball=np.zeros(n),
            silence_proved=np.full_like(table, -1),
            spurious=np.zeros(n, dtype=bool),
        )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def proved(self) -> Bool[np.ndarray, "s p"]:
        """Which transitions are proved, for every state of the ball around the memory."""
        return self.silence_proved >= 0

    @property
    def all_proved(self) -> bool:
        """Whether every transition is proved, so that every sequence of pulses is.

        Pulses may follow each other in any order; after each there must be at least as much rest
        as the largest entry of `silence_proved`.
        """
        return bool(self.proved.all() and len(self))

    def unreachable(self, start: SupportsIndex = 0) -> Int[np.ndarray, " j"]:
        """Return the memories to which no sequence of pulses leads from one of them.

        Parameters
        ----------
        start
            The row of the memory at the beginning.

        Raises
        ------
        ArgumentError
            If there is no such memory.
        """
        reached = {check_whole("start", start, least=0, most=len(self) - 1)}
        waiting = deque(reached)
        while waiting:
            new = set(self.table[waiting.popleft()].tolist()) - reached - {NOWHERE}
            reached |= new
            waiting.extend(new)
        return np.setdiff1d(np.arange(len(self)), list(reached))

    def after(self, start: SupportsIndex, word: Any) -> int:
        """Return the memory after a sequence of pulses, each a row of `pulses`; -1 for none.

        Raises
        ------
        ArgumentError
            If there is no such memory or no such pulse.

        Examples
        --------
        >>> from stillpoint.tasks import FlipFlop
        >>> machine = FlipFlop(bits=2).automaton()
        >>> machine.outputs[machine.after(0, [0, 3, 0])], machine.pulses[[0, 3]].tolist()
        (array([ 1., -1.]), [[1.0, 0.0], [0.0, -1.0]])
        """
        here = check_whole("start", start, least=0, most=len(self) - 1)
        for letter in read_rows("word", word, len(self.pulses)):
            here = int(self.table[here, letter]) if here != NOWHERE else NOWHERE
        return here

    def compare(
        self, other: Automaton, *, start: Any = None, tolerance: float = 0.5
    ) -> MachineComparison:
        """Return whether two machines do the same, or the shortest word on which they differ.

        From a pair of memories both machines are led by the same pulses. They differ where their
        outputs do, where only one of them comes to a memory, or, without outputs, where one memory
        of one would have to be two of the other. Names of memories and order of pulses and of
        memories do not count.

        Parameters
        ----------
        other
            Another machine with the same pulses, such as `task.automaton()`.
        start
            A pair of memories, a row of each machine. By default the first of this machine, and
            whichever of the other is most like it.
        tolerance
            Outputs are the same if no two of them are further apart.

        Returns
        -------
        MachineComparison
            `is_equal`, the `word`, and which memories correspond.

        Raises
        ------
        ArgumentError
            If an argument does not fit, or the machines have other pulses or other outputs.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> network = sp.tasks.load_network("tanh")
        >>> points = sp.find_all_fixed_points(network.system, np.zeros(3))
        >>> machine = sp.read_automaton(
        ...     network.system, points, np.eye(3), readout=network.read_out, prove=False
        ... )
        >>> machine.compare(machine)
        MachineComparison: equal up to the names of memories (decided)
        """
        check_kind("other", other, Automaton, "an automaton")
        tolerance = check_real("tolerance", tolerance, least=0)
        first, second = _shared_pulses(self, other)
        mine, theirs = self._machine(first), other._machine(second)
        sizes = mine.outputs.shape[1], theirs.outputs.shape[1]
        if 0 not in sizes and sizes[0] != sizes[1]:
            raise ArgumentError(
                f"other: it has {sizes[1]} outputs, but {sizes[0]} are wanted, as here."
            )
        pair = None if start is None else _read_pair(start, len(self), len(other))
        found = compare_machines(mine, theirs, pair, tolerance)
        word = None if found.word is None else tuple(first[list(found.word)].tolist())
        return replace(found, word=word)

    @property
    def verdict(self) -> str:
        """What the machine is and how that is known, in a sentence."""
        known, proved = int((self.table >= 0).sum()), int(self.proved.sum())
        told = (
            f"{known} of {self.table.size} transitions lead to a memory "
            f"(decided; {self.silence_needed.max(initial=0)} steps of rest are enough)"
        )
        if self.system is None:
            return "a machine by definition"
        if self.all_proved:
            return (
                f"{told}; all are proved, for every state within {self.ball.min():.2g} of a "
                f"memory, and so every sequence of these pulses with at least "
                f"{self.silence_proved.max()} steps of rest after each"
            )
        if not proved:
            return f"{told}; none is proved"
        return (
            f"{told}; {proved} are proved, for every state within {self._nearest:.2g} of their "
            f"memories and {self.silence_proved.max()} steps of rest"
        )

    @property
    def _nearest(self) -> float:
        return float(self.ball[self.proved.any(axis=1)].min())

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row for each memory and pulse."""
        import pandas as pd

        begin, pulse = (part.ravel() for part in np.indices(self.table.shape))
        columns: dict[str, Any] = {"memory": begin, "pulse": pulse}
        columns |= {"duration": self.duration[pulse], "leads_to": self.table.ravel()}
        columns |= {"silence_needed": self.silence_needed.ravel(), "proved": self.proved.ravel()}
        columns |= {"silence_proved": self.silence_proved.ravel(), "ball": self.ball[begin]}
        columns |= {f"u{j}": self.pulses[pulse, j] for j in range(self.pulses.shape[1])}
        return pd.DataFrame(columns)

    def _machine(self, letters: Int[np.ndarray, " j"]) -> Machine:
        proved = self.proved | (self.system is None)  # a task's machine is what it is by definition
        return Machine(
            self.table[:, letters], self.outputs, proved[:, letters], self.system is None
        )

    def _rests_on(self) -> tuple[str, ...]:
        return ("points", "proofs") if self.proved.any() else ("points",)

    def _display(self) -> Display:
        names = [_told(u, steps) for u, steps in zip(self.pulses, self.duration, strict=True)]
        columns = [Column("", [f"{k}{'*' * bool(s)}" for k, s in enumerate(self.spurious)], 4)]
        if self.outputs.shape[1]:
            columns.append(Column("output", [_told(y) for y in self.outputs], 10))
        for letter, name in enumerate(names):
            ends = [str(end) if end >= 0 else "-" for end in self.table[:, letter]]
            columns.append(Column(name, ends, max(4, len(name))))
        columns.append(Column("ball", [f"{r:.2g}" if r else "" for r in self.ball], 7))
        remarks = [self.verdict]
        if self.spurious.any():
            remarks.append("* reached, but not among the memories that were handed over")
        title = f"{plural(len(self), 'memory', 'memories')}, {plural(len(self.pulses), 'pulse')}"
        return Display(title, columns if len(self) else (), remarks, self.provenance)

    def _contradictions(self) -> Iterator[str]:
        if self.system is not None:
            yield from self.system.contradictions(self.memories.shape[1], self.pulses.shape[1])
        if (self.proved & (self.table < 0)).any():
            yield "silence_proved: a transition to no memory cannot be proved"
        if (self.proved.any(axis=1) & (self.ball == 0)).any():
            yield "ball: a transition is proved from a memory without a ball"


def _told(values: Float[np.ndarray, " k"], steps: int = 1) -> str:
    """Return an input or output in few signs.

    Examples
    --------
    >>> _told(np.array([0.0, 1.0, -1.0])), _told(np.array([0.5, -0.0]), 3)
    ('0+-', '0.5,0 x3')
    """
    if np.isin(values, (-1, 0, 1)).all():
        told = "".join("-0+"[int(value) + 1] for value in values)
    else:
        told = ",".join(f"{value + 0.0:.2g}" for value in values)
    return told if steps == 1 else f"{told} x{steps}"


def _shared_pulses(
    one: Automaton, other: Automaton
) -> tuple[Int[np.ndarray, " j"], Int[np.ndarray, " j"]]:
    """Return which pulses of two machines are the same; a task does not say how long they last."""
    same = np.zeros((len(one.pulses), len(other.pulses)), dtype=bool)
    if one.pulses.shape[1] == other.pulses.shape[1]:
        same = (one.pulses[:, None] == other.pulses).all(axis=2)
    if one.system is not None and other.system is not None:
        same &= one.duration[:, None] == other.duration
    if not (same.any(axis=0).all() and same.any(axis=1).all()):
        raise ArgumentError(
            "other: it has other pulses; compare machines that were read with the same ones."
        )
    first, second = np.nonzero(same)
    return first, second


def _read_pair(start: Any, *sizes: int) -> tuple[int, int]:
    pair = check_sequence("start", start, object, "a pair of memories", length=2)
    first, second = (
        check_whole("start", row, least=0, most=n - 1) for row, n in zip(pair, sizes, strict=True)
    )
    return first, second
