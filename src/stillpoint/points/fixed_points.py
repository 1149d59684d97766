"""The record of the fixed points that a search found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._core.display import Column, Display, position
from .._core.grouping import (
    equal_inputs,
    group_states,
    match_states,
    numbered,
    reach_of_groups,
    representatives,
    resolvable,
)
from .._core.record import column, part, plain
from .._core.selections import read_indices
from .._core.validation import check_kind, check_real
from .._core.values import Domain
from ..census import (
    Beginnings,
    Census,
    Evidence,
    count_kinds,
    heading,
    kinds_of,
    motion_jacobian,
    take_census,
)
from ..errors import ArgumentError, came
from ..local import DEGENERATE, Linearization
from ..proofs import UNDECIDED, Certificate, Enumeration, ProofStatus
from .attractors import Attractors
from .comparison import Comparison, compare
from .orbits import OrbitEnd, Orbits
from .point_set import PointSet
from .proof_words import proof_entries, proof_sentence
from .starts import Source, Starts


@final
@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints(PointSet):
    """Fixed points, one per row, with the evidence; NumPy arrays throughout.

    Indexing with an int, a slice, a mask or an array of ints gives `FixedPoints` again, so the
    position of one point is `points.xstar[k]`; iterating gives one point at a time.

    Attributes
    ----------
    linearization
        The dynamics around each point. `xstar`, `inputs`, `jacobian`, `input_jacobian` and
        `eigenvalues` of the points are its own.
    q
        ``1/2 |F(x, u) - x|^2``, recomputed in float64 at `xstar` (``1/2 |f|^2`` for a flow).
    hits
        How many starts reached the point.
    condition
        Condition number of I - J (of a flow, J) in the equilibrium form, where gates and leaks are
        divided out; infinite where the point is not isolated. Where spectra are partial
        (`linearization.leading`), that of the 1-norm, estimated by LAPACK.
    kantorovich
        Newton and Kantorovich's h: the error of the position times what I - J changes with it,
        relative to I - J. From 1/8 on the point is not told apart from its neighbours, if it is one
        at all: it is degenerate. Estimated; infinite where I - J is singular to rounding.
    is_stable
        Whether all modes decay. Not said of degenerate points, nor where the errors of eigenvalues
        (`linearization.eigenvalue_errors`) leave it open.
    index
        sign det(I - J), of a flow sign det(-J): its sum over all points is known (see `census`).
        0 where degenerate, and on kinks unless the point attracts.
    mirrored
        Whether -xstar is a fixed point too.
    on_continuum
        Whether the point is one of a continuum, so that its position is arbitrary.
    on_kink
        Whether the point lies on a kink of ReLU. The Jacobian there is that of one side; the
        point counts as stable, with index 1, only where that is shown for all sides together.
    starts
        One row for every start of the search.
    scale
        The size of each state variable, shape (d,), that `tol` and `tol_unique` measure by.
    tol, tol_unique
        The largest q that counted as zero, and the distance below which states are one point.
    provenance
        Call, options, versions, time and hashes, for people to read.
    is_selection
        Whether points of the search are missing here because they were not selected.
    certificate
        What `stillpoint.certify` proved, one row per point; None where it was not asked.
    enumerations
        What the exhaustive searches of `stillpoint.find_all_fixed_points` say, one per input.
    orbits
        Where orbits of the network settle, followed where nothing else speaks against the points,
        or none of them is known to be stable.
    """

    methods = ("points", "census")

    linearization: Linearization = part(Linearization, names={"states": "xstar"})
    q: Float[np.ndarray, " n"] = column(
        "point", long_name="1/2 |F(x, u) - x|^2 (flow: 1/2 |f|^2)", domain=Domain(least=0)
    )
    hits: Int[np.ndarray, " n"] = column(
        "point", long_name="starts that reached the point", domain=Domain(least=0)
    )
    condition: Float[np.ndarray, " n"] = column(
        "point",
        long_name="condition number of I - J (flow: J) in the equilibrium form",
        domain=Domain(least=0),
    )
    kantorovich: Float[np.ndarray, " n"] = column(
        "point",
        long_name="Kantorovich's h, degenerate from 1/8",
        domain=Domain(least=0),
    )
    is_stable: Bool[np.ndarray, " n"] = column("point", long_name="all modes decay")
    index: Int[np.ndarray, " n"] = column(
        "point",
        long_name="sign det(I - J) (flow: det(-J)), 0 if not known",
        domain=Domain(least=-1, most=1),
    )
    mirrored: Bool[np.ndarray, " n"] = column("point", long_name="-x is a fixed point too")
    on_continuum: Bool[np.ndarray, " n"] = column("point", long_name="one of a continuum")
    on_kink: Bool[np.ndarray, " n"] = column("point", long_name="on a kink of ReLU")
    starts: Starts = part(Starts, "start_")
    scale: Float[np.ndarray, " d"] = column(
        "state", long_name="unit of each state variable", domain=Domain(above=0, finite=True)
    )
    tol: float = plain(domain=Domain(above=0))
    tol_unique: float = plain(domain=Domain(above=0))
    provenance: Mapping[str, Any] = plain(default_factory=dict)
    is_selection: bool = plain(default=False)
    certificate: Certificate | None = part(Certificate, "certificate_", default=None)
    enumerations: tuple[Enumeration, ...] = plain(Enumeration, many=True, default=())
    orbits: Orbits | None = part(Orbits, "orbit_", default=None)

    @property
    def n_unstable(self) -> Int[np.ndarray, " n"]:
        """The number of unstable directions; -1 where it is not known, as at degenerate points."""
        unknown = self.is_degenerate & ~self.on_continuum
        count = np.where(unknown, UNDECIDED, self.linearization.n_unstable)
        if self.certificate is None:
            return count
        proved = self.certificate.n_unstable_proved
        return np.where(proved == UNDECIDED, count, proved)

    @property
    def _stability(self) -> Shaped[np.ndarray, " n"]:
        return kinds_of(self.n_unstable, self.is_stable, self.is_degenerate)

    # -- choosing -----------------------------------------------------------------------------

    @property
    def stable(self) -> FixedPoints:
        """The points at which all modes decay."""
        return self[self.is_stable]

    @property
    def saddles(self) -> FixedPoints:
        """The points with unstable and with other directions."""
        return self[(self.n_unstable > 0) & (self.n_unstable < self.xstar.shape[1])]

    @property
    def repellers(self) -> FixedPoints:
        """The points at which all directions are unstable."""
        return self[self.n_unstable == self.xstar.shape[1]]

    @property
    def is_degenerate(self) -> Bool[np.ndarray, " n"]:
        """Where a point is not told apart from its neighbours: at folds and on continua.

        There it has no stability and no index, nor, but on continua, a number of unstable
        directions. A point of which a certificate proves the index is not degenerate.
        """
        return self.on_continuum | (~(self.kantorovich < DEGENERATE) & (self.index == 0))

    def unique(self, tolerance: float | None = None) -> FixedPoints:
        """Return the points without copies; hits are added up, the smallest q represents.

        Parameters
        ----------
        tolerance
            Distance below which two points are one; that of the search if left out, which keeps
            points apart whose indices are known and opposite.
        """
        by_default = tolerance is None
        tolerance = self.tol_unique if tolerance is None else tolerance
        tolerance = check_real("tolerance", tolerance, above=0)
        groups = group_states(self.xstar / self.scale, equal_inputs(self.inputs), tolerance)
        return self.merged(numbered(3 * groups + self.index if by_default else groups))

    def merged(self, labels: Int[np.ndarray, " n"]) -> FixedPoints:
        """Return one point for each label, in the order of the labels.

        Hits are added up; what is proved represents, else the smallest q.

        Parameters
        ----------
        labels
            0, 1, 2, ... for every point, equal for copies of one, shape (n,).

        Raises
        ------
        ArgumentError
            If there is not one for each point, or one of 0, 1, 2, ... is left out.
        """
        labels = read_indices("labels", labels, len(self), once=False)
        if len(labels) != len(self) or len(np.unique(labels)) != labels.max(initial=-1) + 1:
            raise ArgumentError(
                f"labels: got {came(labels)}, but one of 0, 1, 2, ... for each of the {len(self)} "
                f"points is wanted, none left out."
            )
        proved = False if self.certificate is None else self.certificate.proved
        once = self[representatives(labels, np.where(proved, -1.0, self.q))]
        return replace(
            once,
            hits=np.bincount(labels, weights=self.hits, minlength=len(once)).astype(np.int64),
            starts=replace(self.starts, point=np.append(labels, -1)[self.starts.point]),
            is_selection=self.is_selection,
        )

    @classmethod
    def concatenate(cls, several: Sequence[FixedPoints]) -> FixedPoints:
        """Return the points of several searches in one record; copies stay (see `unique`).

        Raises
        ------
        ArgumentError
            If there is nothing to put together, or the sizes differ.
        """
        joined = super().concatenate(several)
        followed = [p.orbits for p in several if p.orbits is not None]
        return replace(
            joined,
            enumerations=tuple(e for p in several for e in p.enumerations),
            orbits=Orbits.joined(followed) if followed else None,
        )

    def compare(self, other: FixedPoints, tolerance: float | None = None) -> Comparison:
        """Return which of the points another record has too, under the same inputs.

        Points that both records prove are one where the box of one lies where the other is alone,
        and two where their boxes are disjoint; others are one within a distance.

        Parameters
        ----------
        other
            Points of the same system, or of another of the same size (after training, say).
        tolerance
            The distance between arcsinh(x), as `tol_unique` of the search: absolute below 1,
            relative above. By default the larger of both records'.

        Raises
        ------
        ArgumentError
            If `other` are no points of that size, or `tolerance` is not positive.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1)
        >>> few = sp.find_fixed_points(system, np.ones((3, 1)))
        >>> few.compare(sp.find_all_fixed_points(system)).only_second.tolist()
        [0, 2]
        """
        return compare(self, other, tolerance)

    # -- evidence -----------------------------------------------------------------------------

    def census(self, attractors: Attractors | None = None) -> Census:
        """Return what the points, hits and indices say about points that may be missing.

        Copies of a point, as records put together have them, count as one, and so do equal starts.
        With `attractors` of the same network (`find_attractors`), orbits that end at a cycle or
        closed curve which is proved or decided are explained; one that ends at a point which is
        none of these speaks against them.

        Raises
        ------
        ArgumentError
            If `attractors` are no such record, or are of another network.
        """
        if attractors is not None:
            check_kind("attractors", attractors, Attractors, "what find_attractors returns")
            attractors.system.check_same("attractors", self.system)
        once = self.unique()
        if len(once) < len(self) and not self._proofs.all_distinct:
            return once.census(attractors)
        return self._census_of(self._evidence(), attractors)

    def _evidence(self) -> Evidence:
        """Return what the search knows of each point."""
        starts, proofs, x = self.starts, self._proofs, self.xstar / self.scale
        repeated, looked = starts.repeated, self._looked
        theirs = starts._hits(len(self), looked)
        again = starts._hits(len(self), repeated | (starts.source == Source.KNOWN))
        return Evidence(
            xstar=x,
            inputs=self.inputs,
            hits=np.maximum(self.hits - again, 0),
            independent_hits=np.maximum(self.hits - theirs, 0),
            reach=reach_of_groups(self.xstar, starts.end, starts.point, self.scale),
            n_unstable=self.n_unstable,
            is_stable=self.is_stable,
            index=self.index,
            mirrored=self.mirrored,
            is_degenerate=self.is_degenerate,
            on_kink=self.on_kink,
            on_continuum=self.on_continuum,
            asked=proofs.reason != ProofStatus.NOT_ASKED,
            proved=proofs.proved,
            distinct=proofs.distinct,
        )

    @property
    def _looked(self) -> Bool[np.ndarray, " s"]:
        """Which starts were drawn with a look at the points, or are copies of others."""
        sources = [source for source in Source if not source.is_independent]
        return np.isin(self.starts.source, sources) | self.starts.repeated

    def _rows_of(self, attractors: Attractors) -> Int[np.ndarray, " a"]:
        """Return which of the points each attractor is, -1 for what is none of them."""
        rest = np.isin(attractors.kind, (OrbitEnd.POINT, OrbitEnd.OPEN))
        x, first = self.xstar / self.scale, attractors.states[:, 0] / self.scale
        known = match_states(x, self.inputs, first, attractors.inputs, self.tol_unique)
        return np.where(rest, known, -1)

    def _census_of(self, evidence: Evidence, attractors: Attractors | None = None) -> Census:
        followed = {} if self.orbits is None else self.orbits.by_input()
        if attractors is not None:
            followed |= attractors._by_input(self._rows_of(attractors))
        drawn = np.where(self._looked, 0, self.starts.multiplicity)
        return take_census(
            evidence,
            Beginnings(self.starts.states, self.starts.inputs, drawn, self.scale),
            kind=self.system.kind,
            lefschetz=self.system.lefschetz,
            tolerance=self.tol_unique,
            resolved=resolvable(self.tol),
            proved_points={
                tuple(e.inputs.tolist()): e.n_points for e in self.enumerations if e.is_proof
            },
            followed=followed,
            is_selection=self.is_selection,
        )

    def _contradictions(self) -> Iterator[str]:
        sizes = {(e.states.shape[1], len(e.inputs)) for e in self.enumerations}
        if not sizes <= {(self.xstar.shape[1], self.inputs.shape[1])}:
            yield "enumerations: they are of a system of another size"

    # -- how they read ------------------------------------------------------------------------

    def _kinds(self) -> list[str]:
        d = self.xstar.shape[1]
        return [
            "continuum" if continuum
            else kind if not kind.isdigit()
            else "repeller" if int(kind) == d else "saddle"
            for continuum, kind in zip(self.on_continuum, self._stability.tolist(), strict=True)
        ]  # fmt: skip

    def _scalars(self) -> dict[str, Any]:
        return {"n_unstable": self.n_unstable, **super()._scalars()}

    def _display(self) -> Display:
        if not len(self):
            return Display(
                "no fixed points", remarks=[*repr(self.starts).split("\n"), *self._next()]
            )
        if self.on_continuum.any():
            return Display(
                f"a continuum of fixed points: {motion_jacobian(self.system.kind)} is singular at "
                f"{int(self.on_continuum.sum())} of the {len(self)} states found, and fixed "
                f"states lie arbitrarily close to them. Their positions are samples.",
                provenance=self.provenance,
            )
        return Display(
            heading(count_kinds(self._stability), len(self)),
            self._columns(),
            [*self._remarks(), *self._starts_told()],
            self.provenance,
        )

    def _next(self) -> list[str]:
        """Return what to try where a search found nothing, and no proof says that there is none."""
        if self.is_selection or not len(self.starts) or self.enumerations:
            return []
        u = ", u" if self.inputs.shape[1] else ""
        return [
            f"Next: find_slow_points(system, points.starts.states{u}) shows where the system is "
            f"slowest,",
            f"find_all_fixed_points(system{u}) searches from starts of its own.",
        ]

    def _columns(self) -> list[Column]:
        times = self.linearization.slowest_time_constant
        unit = " (steps)" if self.system.kind == "map" and self.system.dt is None else ""
        columns = [
            Column("", [str(k) for k in range(len(self))], 5),
            Column("unstable", [str(k) if k >= 0 else "?" for k in self.n_unstable], 8),
            Column("hits", [str(k) for k in self.hits], 6),
            Column("q", [f"{q:.0e}" for q in self.q], 8),
            self._stability_column(),
            Column(f"τ{unit}", [f"{time:.3g}" for time in times], 9),
            Column("index", [f"{k:+}" if k else "?" for k in self.index], 5),
        ]
        if self.certificate is not None:
            columns.append(Column("proof", proof_entries(self.certificate), 8))
        columns.append(Column(" x", [f" {position(x)}" for x in self.xstar]))
        if (self.inputs != self.inputs[:1]).any():
            columns.append(Column("under", [position(u) for u in self.inputs]))
        return columns

    def _remarks(self) -> list[str]:
        remarks, undecided = [], self.on_kink & ~self.is_stable
        if self.linearization.leading is not None:
            remarks.append(
                "spectra are partial: the leading eigenvalues, and a bound on all others that "
                "decides how many are unstable; max|λ| with ≈ and τ are estimates"
                if self.system.kind == "map"
                else "spectra are partial: the leading eigenvalues, and a bound on all others that "
                "decides how many are unstable; max Re λ with ≈ and τ are estimates"
            )
        if (self._stability == "degenerate").any():
            remarks.append(
                f"{int((self._stability == 'degenerate').sum())} degenerate: not told apart from a "
                f"neighbour, so without stability and index"
            )
        if (self._stability == "undecided").any():
            remarks.append(
                f"{int((self._stability == 'undecided').sum())} undecided: "
                + (
                    "the errors of their eigenvalues leave their stability open"
                    if self.linearization.leading is None
                    else "their leading eigenvalues leave it open how many are unstable; "
                    'spectra="all" computes the others'
                )
            )
        if undecided.any():
            remarks.append(
                f"{int(undecided.sum())} on a kink of ReLU, where one Jacobian does not decide "
                f"stability; it is shown for one side"
            )
        if self.certificate is not None:
            remarks.append(proof_sentence(self.certificate))
        if self.enumerations and not self.is_selection:
            remarks.append(f"as a set: {self.census().completeness.sentence}")
        return remarks
