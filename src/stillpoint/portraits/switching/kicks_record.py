"""The record of the smallest kicks from one attractor to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column, plain
from ..._core.values import Domain
from ...system_info import SystemInfo

if TYPE_CHECKING:
    import pandas


@final
@dataclass(frozen=True, eq=False, repr=False)
class Kicks(Record):
    """The smallest change of the state that leads from one point to another; by `smallest_kicks`.

    One row for every pair of points that attract and have a saddle between them, each way. That a
    kick leads to its target is decided: orbits were followed on both sides of the border. That none
    is smaller is estimated, from several starts and from random kicks.

    Attributes
    ----------
    source, target
        Nodes of the graph: the attractor that is kicked, and that which it goes to.
    saddle
        The node on the border between them, to which an orbit from exactly there goes; -1 where no
        kick was found, or a random one that was smaller than all that end at a known saddle.
    kick
        What is to be added to the state of the source to come to the border, shape (k, d); NaN
        where none was found. A little more of it leads to the target, a little less back.
    size
        Its Euclidean length.
    straight
        The distance to the nearest saddle between the two.
    distance
        How close the orbit from there comes to the saddle, as a share of `straight`; NaN where that
        is not known.
    starts, agree
        How many searches there were, and how many of them ended at this size, to a thousandth.
    tried, stayed, switched
        How many random kicks of .98 of this size were tried, after how many the network stayed, and
        after how many it came to this target: there should be none.
    states, inputs
        The state of the source and the input, shapes (k, d) and (k, m).
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "pair"

    source: Int[np.ndarray, " k"] = column(
        "pair", long_name="node that is kicked", domain=Domain(least=0)
    )
    target: Int[np.ndarray, " k"] = column(
        "pair", long_name="node that it goes to", domain=Domain(least=0)
    )
    saddle: Int[np.ndarray, " k"] = column(
        "pair", long_name="node on the border, -1 for none", domain=Domain(least=-1)
    )
    kick: Float[np.ndarray, "k d"] = column(
        "pair", "state", long_name="change of the state", domain=Domain(missing=True)
    )
    straight: Float[np.ndarray, " k"] = column(
        "pair", long_name="distance to the saddle", domain=Domain(least=0, missing=True)
    )
    distance: Float[np.ndarray, " k"] = column(
        "pair",
        long_name="how close an orbit on the border comes to the saddle, as a share of straight",
        domain=Domain(least=0, missing=True),
    )
    starts: Int[np.ndarray, " k"] = column("pair", long_name="searches", domain=Domain(least=0))
    agree: Int[np.ndarray, " k"] = column(
        "pair", long_name="searches that ended at this size", domain=Domain(least=0)
    )
    tried: Int[np.ndarray, " k"] = column(
        "pair", long_name="random kicks of .98 of the size", domain=Domain(least=0)
    )
    stayed: Int[np.ndarray, " k"] = column(
        "pair", long_name="random kicks that changed nothing", domain=Domain(least=0)
    )
    switched: Int[np.ndarray, " k"] = column(
        "pair", long_name="random kicks that led to the target", domain=Domain(least=0)
    )
    states: Float[np.ndarray, "k d"] = column(
        "pair", "state", long_name="state that is kicked", domain=Domain(finite=True)
    )
    inputs: Float[np.ndarray, "k m"] = column(
        "pair", "input", long_name="input", domain=Domain(finite=True)
    )
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def size(self) -> Float[np.ndarray, " k"]:
        """The length of each kick; NaN where none was found."""
        return np.linalg.norm(self.kick, axis=1)

    @property
    def found(self) -> Bool[np.ndarray, " k"]:
        """For which pairs a kick was found, whose effect is decided."""
        return ~np.isnan(self.kick).any(axis=1)

    @property
    def easiest(self) -> Int[np.ndarray, " s"]:
        """The rows of the smallest kick out of each source, in the order of the sources."""
        rows = np.flatnonzero(self.found)
        rows = rows[np.lexsort([self.size[rows], self.source[rows]])]
        return rows[np.unique(self.source[rows], return_index=True)[1]]

    @property
    def verdict(self) -> str:
        """What was found and how it is known, in a sentence."""
        size, found = self.size[self.found], self.found
        if not found.any():
            pairs = f"{plural(len(self), 'pair')} of points with a saddle point between them"
            return f"{pairs}; no kick was found"
        told = [
            f"kicks of {size.min():.3g} to {size.max():.3g} switch {plural(len(size), 'pair')} of "
            f"attractors (decided)",
            f"{1 - float(np.median(size / self.straight[found])):.0%} shorter than to the saddle "
            f"(median)",
        ]
        if missing := int((~found).sum()):
            told.append(f"for {plural(missing, 'pair')} none was found")
        tried, wrong = int(self.tried[found].sum()), int(self.switched[found].sum())
        told.append(
            f"that they are the smallest is estimated: of {plural(tried, 'random kick')} of .98 of "
            f"the size {wrong} led to the target"
        )
        return "; ".join(told)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per kick; the kick itself is in k0, k1, ..."""
        import pandas as pd

        names = ["source", "target", "saddle", "size", "straight", "distance"]
        names += ["starts", "agree", "tried", "stayed", "switched"]
        columns: dict[str, Any] = {name: getattr(self, name) for name in names}
        columns |= {f"k{i}": self.kick[:, i] for i in range(self.kick.shape[1])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def _rests_on(self) -> tuple[str, ...]:
        return ("points",)

    def _display(self) -> Display:
        ratio = self.size / self.straight
        columns = [
            Column("from", [str(k) for k in self.source], 5),
            Column("to", [str(k) for k in self.target], 4),
            Column("past", [str(k) if k >= 0 else "?" for k in self.saddle], 5),
            Column("size", ["" if np.isnan(s) else f"{s:.4g}" for s in self.size], 8),
            Column("of straight", ["" if np.isnan(r) else f"{r:.0%}" for r in ratio], 11),
            Column("switches", ["decided" if f else "none" for f in self.found], 9),
            Column("agree", [f"{a}/{n}" for a, n in zip(self.agree, self.starts, strict=True)], 6),
            Column("stayed", [f"{a}/{n}" for a, n in zip(self.stayed, self.tried, strict=True)], 9),
        ]
        title = f"smallest kicks between {plural(len(self), 'pair')} of attractors"
        return Display(title, columns if len(self) else (), [self.verdict], self.provenance)

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[1], self.inputs.shape[1])
        if ((self.saddle >= 0) & ~self.found).any():
            yield "kick: it is not known where there is a saddle"
