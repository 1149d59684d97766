"""The record of states and the attractors to which they lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float, Int

from ..._core.display import Column, Display, plural, position
from ..._core.grouping import equal_inputs
from ..._core.record import Record, column, part, plain
from ..._core.validation import check_whole, read_inputs, read_states
from ..._core.values import Domain
from ...census.estimators import share_intervals
from ...points import Attractors, OrbitEnd
from ...system import System, check_system
from ...system_info import SystemInfo
from ..leading import lead_to

if TYPE_CHECKING:
    import pandas


@final
@dataclass(frozen=True, eq=False, repr=False)
class Basins(Record):
    """Sampled states, the attractor of each, and the share of each attractor; by `sample_basins`.

    The attractor of a state is decided: its orbit was followed until it was there. Shares are
    estimated, with intervals that are exact for states drawn independently as these were.

    Attributes
    ----------
    states, inputs
        The sampled states and the inputs under which they were followed, shapes (s, d) and (s, m).
    attractor
        The row of `attractors` to which each leads, shape (s,); -1 where it came to none of them,
        within the steps that were allowed.
    steps
        Steps (of a flow, of its step in time) until it was seen there, or that it was followed.
    drawn
        Where the states come from, in words.
    attractors
        The attractors.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "sample"

    states: Float[np.ndarray, "s d"] = column(
        "sample", "state", long_name="sampled state", domain=Domain(finite=True)
    )
    inputs: Float[np.ndarray, "s m"] = column(
        "sample", "input", long_name="its input", domain=Domain(finite=True)
    )
    attractor: Int[np.ndarray, " s"] = column(
        "sample",
        long_name="attractor to which it leads, -1 for none",
        domain=Domain(least=-1, below="attractor"),
    )
    steps: Int[np.ndarray, " s"] = column(
        "sample", long_name="steps until there", domain=Domain(least=-1)
    )
    drawn: str = plain()
    attractors: Attractors = part(Attractors, "attractor_")
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.attractor)

    @property
    def hits(self) -> Int[np.ndarray, " a"]:
        """How many of the states lead to each attractor."""
        found = self.attractor[self.attractor >= 0]
        return np.bincount(found, minlength=len(self.attractors))

    @property
    def share(self) -> Float[np.ndarray, " a"]:
        """The share of the states under its input that lead to each attractor."""
        return self.hits / np.maximum(self._trials, 1)

    @property
    def share_interval(self) -> Float[np.ndarray, "a 2"]:
        """The exact 95 % interval of that share (Clopper and Pearson 1934), shape (a, 2).

        It is about states drawn as these were: where they come from decides what a share means.
        """
        return share_intervals(self.hits, self._trials)

    @property
    def n_open(self) -> int:
        """How many of the states lead to none of the attractors, as far as they were followed."""
        return int((self.attractor < 0).sum())

    @property
    def _trials(self) -> Int[np.ndarray, " a"]:
        """How many states were followed under the input of each attractor."""
        under = equal_inputs(np.vstack([self.attractors.inputs, self.inputs]))
        own, theirs = np.split(under, [len(self.attractors)])
        return np.bincount(theirs, minlength=under.max(initial=0) + 1)[own]

    @property
    def _shown(self) -> Int[np.ndarray, " r"]:
        """The rows of attractors that orbits could come to."""
        return np.flatnonzero(self.attractors.attracts & (self._trials > 0))

    def of(
        self, system: System, states: Any, inputs: Any = None, *, steps: int = 20_000
    ) -> Int[np.ndarray, " n"]:
        """Return the attractor of each of some states, decided by following their orbits.

        Parameters
        ----------
        system
            The system that this record is of.
        states
            Shape (n, d).
        inputs
            One constant input for all, shape (m,), or one for each, (n, m). May be left out if
            the attractors are all of one input.
        steps
            Steps of each orbit, at most.

        Returns
        -------
        array, shape (n,)
            Rows of `attractors`, -1 where an orbit came to none of them.

        Raises
        ------
        ArgumentError
            If an argument does not fit, or the record is of another system.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1)
        >>> basins = sp.sample_basins(system, sp.find_attractors(system), n_states=100)
        >>> left, right = basins.of(system, [[-0.1], [2.0]])
        >>> basins.attractors.states[[left, right], 0, 0].round(4).tolist()
        [-0.9575, 0.9575]
        """
        self.system.check_same("system", check_system(system).info)
        x = read_states("states", states, system.state_size)
        several = np.unique(self.attractors.inputs, axis=0)
        told = several[0] if inputs is None and len(several) == 1 else inputs
        u = read_inputs("inputs", told, len(x), system.input_size)
        steps = check_whole("steps", steps, least=1)
        with np.errstate(all="ignore"):
            return lead_to(system, self.attractors, x, u, steps).target

    @property
    def verdict(self) -> str:
        """What was found and how it is known, in a sentence."""
        inputs = len(np.unique(self.inputs, axis=0))
        told = f"{plural(len(self), 'state')} {self.drawn}"
        told += f", {plural(inputs, 'input')}" if inputs > 1 else ""
        n, reached = len(self) - self.n_open, int((self.hits > 0).sum())
        led = f"{n} {'leads' if n == 1 else 'lead'} to {plural(reached, 'attractor')} (decided)"
        rest = "none is unresolved"
        if self.n_open:
            rest = f"{self.n_open} came to none that is known"
        return f"{told}: {led}, {rest}; shares are estimated"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per attractor under these inputs."""
        import pandas as pd

        shown, known = self._shown, self.attractors
        low, high = self.share_interval[shown].T
        columns: dict[str, Any] = {"attractor": shown}
        columns |= {"kind": [OrbitEnd(kind).noun for kind in known.kind[shown]]}
        columns |= {"hits": self.hits[shown], "share": self.share[shown]}
        columns |= {"share_low": low, "share_high": high, "states": self._trials[shown]}
        first = known.states[shown, 0]
        columns |= {f"x{i}": first[:, i] for i in range(first.shape[1])}
        columns |= {f"u{j}": known.inputs[shown, j] for j in range(known.inputs.shape[1])}
        return pd.DataFrame(columns)

    def _rests_on(self) -> tuple[str, ...]:
        return ("points",)

    def _display(self) -> Display:
        shown, known = self._shown, self.attractors
        low, high = self.share_interval[shown].T
        shares = zip(self.share[shown], low, high, strict=True)
        columns = [
            Column("", [str(k) for k in shown], 5),
            Column("what", [f" {OrbitEnd(kind).noun}" for kind in known.kind[shown]], 20),
            Column("states", [str(hits) for hits in self.hits[shown]], 7),
            Column("share", [f"{s:.3f} ({a:.3f} to {b:.3f})" for s, a, b in shares], 25),
        ]
        if len(np.unique(known.inputs, axis=0)) > 1:
            columns.append(Column(" u", [f" {position(u)}" for u in known.inputs[shown]]))
        columns.append(Column(" x", [f" {position(x)}" for x in known.states[shown, 0]]))
        title = f"basins of {plural(len(shown), 'attractor')}"
        return Display(title, columns if len(shown) else (), [self.verdict], self.provenance)

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[1], self.inputs.shape[1])
        sizes = self.attractors.states.shape[2], self.attractors.inputs.shape[1]
        if sizes != (self.states.shape[1], self.inputs.shape[1]):
            yield "attractors: they are of a system of another size"
