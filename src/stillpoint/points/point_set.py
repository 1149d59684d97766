"""What all records of states share: one row per state, and the search that they come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Complex, Float, Int

from .._core.arrays import rows_of
from .._core.display import Column
from .._core.grouping import nearest_rows, smallest_gap
from .._core.provenance import citation
from .._core.record import Record
from .._core.validation import (
    check_real,
    check_sequence,
    check_whole,
    read_floats,
    read_generator,
    read_rows,
)
from ..errors import ArgumentError
from ..local import Linearization
from ..proofs import Certificate, ProofStatus
from ..system_info import SystemInfo
from .starts import Starts

if TYPE_CHECKING:
    import pandas

Points = TypeVar("Points", bound="PointSet")


class PointSet(Record):
    """States that a search found, one per row, each with the linearised dynamics there.

    Indexing with an int, a slice, a mask or an array of ints gives a record of the same kind, so
    one state is `points.xstar[k]`; iterating gives one record of one state at a time.
    """

    #: What such points rest on, but for proofs.
    methods: ClassVar[tuple[str, ...]]

    linearization: Linearization
    starts: Starts
    scale: Float[np.ndarray, " d"]
    tol: float
    tol_unique: float
    provenance: Mapping[str, Any]
    is_selection: bool
    certificate: Certificate | None

    # -- as a sequence ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.xstar)

    def __getitem__(self: Points, which: Any) -> Points:
        rows = rows_of(which, len(self))
        place = np.full(len(self) + 1, -1)  # the last stands for "no point"
        place[rows] = np.arange(len(rows))
        is_whole = np.array_equal(np.sort(rows), np.arange(len(self)))
        return replace(  # type: ignore[type-var]
            super().take(rows),
            starts=replace(self.starts, point=place[self.starts.point]),
            is_selection=self.is_selection or not is_whole,
        )

    def take(self: Points, rows: Any) -> Points:
        """Return the record of some points, as `points[rows]` does.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        return self[read_rows("rows", rows, len(self))]

    def __iter__(self: Points) -> Iterator[Points]:
        return (self[k] for k in range(len(self)))

    @classmethod
    def joined(cls: type[Points], several: Sequence[Points]) -> Points:
        """Return the rows of several records in one; what none was asked to prove says so."""
        if any(p.certificate is not None for p in several):
            several = [replace(p, certificate=p._proofs) for p in several]  # type: ignore[type-var]
        finest = np.min([p.scale for p in several], axis=0)  # tells all of them apart
        return replace(super().joined(several), scale=finest)  # type: ignore[type-var]

    @property
    def _proofs(self) -> Certificate:
        """The certificate, or one that says that none was asked for."""
        if self.certificate is not None:
            return self.certificate
        return Certificate.without_proof(self.xstar, self.inputs, ProofStatus.NOT_ASKED)

    @classmethod
    def concatenate(cls: type[Points], several: Sequence[Points]) -> Points:
        """Return the points of several searches in one record; copies stay (see `unique`).

        Raises
        ------
        ArgumentError
            If there is nothing to put together, or the sizes differ.
        """
        if not check_sequence("several", several, cls, f"a list of {cls.__name__}"):
            raise ArgumentError("several: got no records; at least one is wanted.")
        sizes = {(p.xstar.shape[1], p.inputs.shape[1]) for p in several}
        if len(sizes) > 1:
            raise ArgumentError(
                f"several: the points belong to systems of different sizes (states, inputs): "
                f"{sorted(sizes)}."
            )
        offsets = np.cumsum([0, *(len(p) for p in several)])
        starts = [
            replace(p.starts, point=np.where(p.starts.point >= 0, p.starts.point + offset, -1))
            for p, offset in zip(several, offsets, strict=False)
        ]
        return replace(  # type: ignore[type-var]
            cls.joined(several),
            starts=Starts.joined(starts),
            is_selection=any(p.is_selection for p in several),
        )

    # -- as states ----------------------------------------------------------------------------

    @property
    def system(self) -> SystemInfo:
        """Which system the points are of."""
        return self.linearization.system

    @property
    def xstar(self) -> Float[np.ndarray, "n d"]:
        """The states, shape (n, d)."""
        return self.linearization.states

    @property
    def inputs(self) -> Float[np.ndarray, "n m"]:
        """The inputs that they belong to, shape (n, m)."""
        return self.linearization.inputs

    @property
    def jacobian(self) -> Float[np.ndarray, "n d d"]:
        """dF_i / dx_j at the states: rows = to, columns = from."""
        return self.linearization.jacobian

    @property
    def input_jacobian(self) -> Float[np.ndarray, "n d m"]:
        """dF_i / du_j at the states."""
        return self.linearization.input_jacobian

    @property
    def eigenvalues(self) -> Complex[np.ndarray, "n d"]:
        """Eigenvalues of the Jacobian, the most unstable first."""
        return self.linearization.eigenvalues

    @property
    def smallest_gap(self) -> float:
        """The smallest distance between two points (in state and inputs together)."""
        return smallest_gap(np.hstack([self.xstar, self.inputs]))

    def nearest(self, states: Any) -> Int[np.ndarray, " k"]:
        """Return, for every state, shape (k, d), the number of the nearest point.

        Raises
        ------
        ArgumentError
            If there are no points, or the shape does not fit.
        """
        wanted = read_floats("states", states)
        if wanted.ndim != 2 or wanted.shape[1] != self.xstar.shape[1]:
            raise ArgumentError(
                f"states: got shape {wanted.shape}, but (k, {self.xstar.shape[1]}) is wanted."
            )
        if not len(self):
            raise ArgumentError("points: there are none, so no state has a nearest one.")
        return nearest_rows("states", self.xstar, wanted)[1]

    def near(self: Points, states: Any, factor: float) -> Points:
        """Return the points within `factor` times the mean distance of states from their centre.

        Parameters
        ----------
        states
            Shape (k, d), for example the starts of the search. States that are all alike have no
            spread to measure by; then all points are returned.
        factor
            Positive.

        Raises
        ------
        ArgumentError
            If a shape does not fit, or `factor` is not positive.
        """
        around = read_floats("states", states)
        if around.ndim != 2 or around.shape[1] != self.xstar.shape[1] or not len(around):
            raise ArgumentError(
                f"states: got shape {around.shape}, but (k, {self.xstar.shape[1]}) is wanted, "
                f"with at least one state."
            )
        factor, centre = check_real("factor", factor, above=0), around.mean(axis=0)
        spread = float(np.linalg.norm(around - centre, axis=1).mean())
        distance = np.linalg.norm(self.xstar - centre, axis=1)
        return self[distance <= factor * spread] if spread > 0 else self

    def subsample(self: Points, n: int, seed: int | np.random.Generator = 0) -> Points:
        """Return at most `n` of the points, drawn at random, in their order.

        Raises
        ------
        ArgumentError
            If `n` is no positive number, or `seed` neither a number nor a NumPy generator.
        """
        n, rng = check_whole("n", n, least=1), read_generator("seed", seed)
        if len(self) <= n:
            return self
        return self[np.sort(rng.choice(len(self), size=n, replace=False))]

    def unpack(self) -> Any:
        """Return the points as the network keeps its states: a pair, a dictionary, layers.

        The nest is that of the network (after `load`, named tuples and dataclasses have become
        dictionaries), the leaves are NumPy arrays, and the points lie along their batch axis.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> halve = lambda s, u: (s[0] / 2, s[1] / 2)
        >>> system = sp.as_system(halve, state=(np.zeros(1), np.zeros(1)))
        >>> sp.find_fixed_points(system, np.ones((4, 2))).unpack()
        (array([[0.]]), array([[0.]]))
        """
        return self.system.layout.unpack(self.xstar)

    def to_full(self) -> Float[np.ndarray, "n D"]:
        """Return the points of a restricted system as states of the whole one, shape (n, D).

        Raises
        ------
        ArgumentError
            If the points do not come from a restriction.
        """
        if self.system.restriction is None:
            raise ArgumentError("points: they belong to a whole system; `xstar` is the full state.")
        return self.system.restriction.to_full(self.xstar, self.inputs)

    # -- for other programs -------------------------------------------------------------------

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per point.

        The state is in columns x0, x1, ..., the input in u0, u1, ...; `kind` says what a point is,
        `time_constant` how long its slowest mode lasts, and of a certificate `proof` says what was
        found and `radius` in how wide a box.
        """
        import pandas as pd

        columns: dict[str, Any] = {"kind": self._kinds()}
        columns |= {name: v for name, v in self._scalars().items() if name not in columns}
        columns["time_constant"] = self.linearization.slowest_time_constant
        if self.certificate is not None:
            columns["proof"] = [ProofStatus(k).sentence for k in self.certificate.reason]
            columns["radius"] = self.certificate.radius_exists
        columns |= {f"x{i}": self.xstar[:, i] for i in range(self.xstar.shape[1])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def _stability_column(self) -> Column:
        """Return how near each point is to the border of stability."""
        lin = self.linearization
        is_map, values = self.system.kind == "map", lin.leading_eigenvalues
        name, size = ("max|λ|", np.abs(values)) if is_map else ("max Re λ", values.real)
        if lin.leading is None:
            return Column(name, [f"{value:.4f}" for value in size.max(axis=1)], 8)
        told = zip(size[:, 0], lin.leading.converged[:, 0], strict=True)
        return Column(name, [f"{k:.4f}" if known else f"≈{k:.2f}" for k, known in told], 8)

    def _starts_told(self) -> list[str]:
        """Return the line on starts that ended elsewhere, if there are any."""
        elsewhere = np.flatnonzero(self.starts.point < 0)
        if not len(elsewhere) or self.is_selection:
            return []
        return [f"of {self.starts.total} starts {self.starts.take(elsewhere).summary}"]

    def citation(self) -> str:
        """Return what to cite for these points: the tool, and the sources of its methods."""
        return citation(*self._rests_on())

    def _rests_on(self) -> tuple[str, ...]:
        return self.methods if self.certificate is None else (*self.methods, "proofs")

    @abstractmethod
    def _kinds(self) -> list[str]:
        """Return what each point is, in words."""

    def _scalars(self) -> dict[str, Any]:
        """Return the columns with one number per point."""
        rows = [field.name for field in fields(self) if self._is_by_row(field)]  # type: ignore[arg-type]
        return {
            name: value
            for name in rows
            if isinstance(value := getattr(self, name), np.ndarray) and value.ndim == 1
        }

    def _coordinates(self) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
        numbers = {"point": np.arange(len(self)), "start": np.arange(len(self.starts))}
        counted = {name: ((name,), n, {"long_name": name}) for name, n in numbers.items()}
        return self.system.coordinates() | counted
