"""The record of closed curves of a map, on which one step is a turn by a fixed angle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.display import Column, Display, plural, position
from .._core.provenance import citation
from .._core.record import Record, column, part, plain
from .._core.validation import check_whole, read_floats, read_rows
from .._core.values import Domain
from ..errors import ArgumentError
from ..system_info import SystemInfo
from .fourier import evaluated
from .orbits import Orbits

if TYPE_CHECKING:
    import pandas

# A resonance is a rotation number p / q with q up to this.
_ORDER = 32

# An exponent this near to 0 says neither that deviations grow nor that they decay.
_BORDER = 1e-8


@final
@dataclass(frozen=True, eq=False, repr=False)
class ClosedCurves(Record):
    """Closed curves of a map, one row each; see `find_closed_curves`.

    A curve K is one where ``F(K(θ)) = K(θ + rotation)``: an orbit on it never comes back to where
    it was, and fills it. Where it has components, F takes each to the next, and the equation is
    that of F^m on the first.

    Attributes
    ----------
    states
        The curve, its first component, at equally spaced angles, shape (c, nodes, d), NaN behind
        the last node.
    n_nodes
        How many nodes each has.
    n_components
        m: into how many pieces the curve falls that F takes to each other.
    inputs
        The constant input, shape (c, m).
    rotation
        Turns of a component each time that an orbit comes back to it, from 0 to 1/2: per step of a
        curve in one piece. The other direction of the curve would count 1 - rotation.
    rotation_error
        How far it moves with more modes.
    birkhoff_rotation
        The mean turn of an orbit, which does not know the curve's own equation; NaN for curves that
        repel, and where the curve shows no angle to measure.
    normal_exponents
        How fast deviations across the curve grow, per step, the fastest first, shape (c, d - 1).
        Estimates: of those that are nearly equal, the mean is more accurate than each.
    tangent_exponent
        The same along the curve: 0 but for rounding.
    residual
        The largest ``|F(K(θ)) - K(θ + rotation)|``, at the nodes and between them.
    tail
        How large the highest modes are, relative to the largest.
    hits
        How many starts came to it.
    orbits
        What became of each start.
    reached
        Which curve each start led to, -1 for none.
    system
        Which system they are of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "curve"

    states: Float[np.ndarray, "c t d"] = column(
        "curve", "node", "state", long_name="states along the curve", domain=Domain(missing=True)
    )
    n_nodes: Int[np.ndarray, " c"] = column(
        "curve", long_name="how many nodes", domain=Domain(least=3, most="node")
    )
    n_components: Int[np.ndarray, " c"] = column(
        "curve", long_name="pieces that the map permutes", domain=Domain(least=1)
    )
    inputs: Float[np.ndarray, "c m"] = column(
        "curve", "input", long_name="input", domain=Domain(finite=True)
    )
    rotation: Float[np.ndarray, " c"] = column(
        "curve", long_name="rotation number", units="turns", domain=Domain(least=0, most=0.5)
    )
    rotation_error: Float[np.ndarray, " c"] = column(
        "curve", long_name="its error", units="turns", domain=Domain(least=0)
    )
    birkhoff_rotation: Float[np.ndarray, " c"] = column(
        "curve", long_name="mean turn of an orbit", units="turns", domain=Domain(missing=True)
    )
    normal_exponents: Float[np.ndarray, "c e"] = column(
        "curve", "exponent", long_name="exponents across the curve, per step"
    )
    tangent_exponent: Float[np.ndarray, " c"] = column(
        "curve", long_name="exponent along the curve, per step"
    )
    residual: Float[np.ndarray, " c"] = column(
        "curve", long_name="largest |F(K(θ)) - K(θ + rotation)|", domain=Domain(least=0)
    )
    tail: Float[np.ndarray, " c"] = column(
        "curve", long_name="highest modes, relative to the largest", domain=Domain(least=0)
    )
    hits: Int[np.ndarray, " c"] = column(
        "curve", long_name="starts that came to it", domain=Domain(least=0)
    )
    orbits: Orbits = part(Orbits, "orbit_")
    reached: Int[np.ndarray, " o"] = column(
        "orbit", long_name="curve that a start led to", domain=Domain(least=-1, below="curve")
    )
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rotation)

    def take(self, rows: Any) -> ClosedCurves:
        """Return the record of some curves; starts that led to others then lead to none.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        chosen = read_rows("rows", rows, len(self))
        place = np.full(len(self) + 1, -1)
        place[chosen] = np.arange(len(chosen))
        return replace(super().take(chosen), reached=place[self.reached])

    def orbit(self, row: SupportsIndex) -> Float[np.ndarray, "n d"]:
        """Return the nodes of one curve, shape (nodes, d); the last is followed by the first.

        Raises
        ------
        ArgumentError
            If there is no such curve.
        """
        row = check_whole("row", row, least=0, most=len(self) - 1)
        return self.states[row, : self.n_nodes[row]]

    def at(self, row: SupportsIndex, angles: Any) -> Float[np.ndarray, "k d"]:
        """Return the states of one curve at any angles, in turns, by its trigonometric polynomial.

        Raises
        ------
        ArgumentError
            If there is no such curve, or angles are no row of numbers.
        """
        nodes, theta = self.orbit(row), read_floats("angles", angles)
        if theta.ndim > 1:
            raise ArgumentError(
                f"angles: got shape {theta.shape}, but a number or a row of numbers is wanted."
            )
        return evaluated(nodes, np.atleast_1d(theta))

    @property
    def every_state(self) -> Float[np.ndarray, "n d"]:
        """The nodes of all curves, one after the other, shape (n, d)."""
        return self.states[np.arange(self.states.shape[1]) < self.n_nodes[:, None]]

    @property
    def period(self) -> Float[np.ndarray, " c"]:
        """Steps in which an orbit goes once around its component."""
        with np.errstate(divide="ignore"):
            return self.n_components / self.rotation

    @property
    def is_stable(self) -> Bool[np.ndarray, " c"]:
        """Whether all deviations across the curve decay."""
        return np.asarray((self.normal_exponents < -_BORDER).all(axis=1))

    @property
    def n_unstable(self) -> Int[np.ndarray, " c"]:
        """In how many directions across the curve deviations grow."""
        return (self.normal_exponents > _BORDER).sum(axis=1)

    @property
    def resonance(self) -> Int[np.ndarray, "c 2"]:
        """The nearest p / q with q up to 32, shape (c, 2).

        A rotation number very near to it may belong to a cycle of q steps that attracts too weakly
        to be told from a curve.
        """
        q = np.arange(1, _ORDER + 1)
        p = np.rint(self.rotation[:, None] * q).astype(np.int64)
        best = np.abs(self.rotation[:, None] - p / q).argmin(axis=1)
        return np.stack([p[np.arange(len(self)), best], q[best]], axis=1)

    @property
    def resonance_distance(self) -> Float[np.ndarray, " c"]:
        """How far the rotation number is from its `resonance`."""
        p, q = self.resonance.T
        return np.abs(self.rotation - p / q)

    @property
    def verdict(self) -> str:
        """What was found, and what became of the starts, in a sentence."""
        found = plural(len(self), "closed curve")
        if len(self):
            found += f", {int(self.is_stable.sum())} attracting"
        return f"{found}; of {plural(len(self.orbits), 'start')}: {self.orbits.summary}"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per curve; its first node is in x0, x1, ..."""
        import pandas as pd

        names = "rotation rotation_error birkhoff_rotation period n_components is_stable n_unstable"
        more = "tangent_exponent resonance_distance residual tail n_nodes hits"
        columns: dict[str, Any] = {name: getattr(self, name) for name in f"{names} {more}".split()}
        columns["largest_exponent"] = self.normal_exponents.max(axis=1, initial=-np.inf)
        columns |= {"resonance_p": self.resonance[:, 0], "resonance_q": self.resonance[:, 1]}
        columns |= {f"x{i}": self.states[:, 0, i] for i in range(self.states.shape[2])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def citation(self) -> str:
        """Return what to cite for these curves."""
        return citation(*self._rests_on())

    def _rests_on(self) -> tuple[str, ...]:
        return ("curves",)

    def _columns(self) -> list[Column]:
        near = zip(self.resonance, self.resonance_distance, strict=True)
        return [
            Column("", [str(k) for k in range(len(self))], 5),
            Column("rotation", [f"{turns:.10f}" for turns in self.rotation], 12),
            Column("period", [f"{steps:.5g}" for steps in self.period], 8),
            Column("pieces", [str(k) for k in self.n_components], 6),
            Column("unstable", [str(k) for k in self.n_unstable], 8),
            Column("exponent", [f"{e:+.5f}" for e in self.normal_exponents[:, 0]], 9),
            Column("modes", [str(n // 2) for n in self.n_nodes], 5),
            Column("residual", [f"{r:.0e}" for r in self.residual], 8),
            Column("near p/q", [f"{p}/{q} ({gap:.0e})" for (p, q), gap in near], 14),
            Column("hits", [str(k) for k in self.hits], 5),
            Column(" x", [f" {position(x)}" for x in self.states[:, 0]]),
        ]

    def _display(self) -> Display:
        return Display(
            plural(len(self), "closed curve"),
            self._columns() if len(self) else (),
            [self.verdict],
            self.provenance,
        )

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[2], self.inputs.shape[1])
        if self.normal_exponents.shape[1] != max(self.states.shape[2] - 1, 0):
            yield "normal_exponents: there is not one for each direction across the curve"
