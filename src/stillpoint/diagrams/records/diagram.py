"""The record of a diagram: branches of points along a path, and what happens on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from ..._core.display import Display, plural
from ..._core.record import Record, column, part, plain
from ..._core.validation import check_kind, check_real
from ..._core.values import Domain
from ...branches.crossing import passed
from ...branches.ends import End
from ...branches.events import EventKind
from ...branches.path import InputPath, Path
from ...errors import ArgumentError
from ...points import FixedPoints
from ...system import System, check_system
from ...system_info import SystemInfo
from ..points_at import points_at, size_of
from .branch import DiagramBranch, Ends, Origin
from .checks import Checks
from .counts import RESOLUTION, Counts
from .events import Events
from .table import first_sentences, table_of
from .verdict import lost, missing, unexplained, verdict_of

if TYPE_CHECKING:
    import pandas


@final
@dataclass(frozen=True, eq=False, repr=False)
class Diagram(Record):
    """A bifurcation diagram: points followed along a path; made by `follow_points`.

    Attributes
    ----------
    branch
        Which branch each place is of, shape (n,); places of a branch stand in their order.
    parameter
        The parameter at each place.
    states, inputs
        The state and its input, shapes (n, d) and (n, m); of cycles one of their states.
    n_unstable
        Unstable directions; at an event those just behind it.
    is_stable
        Whether all modes decay.
    index
        sign det(I - J), of a flow sign det(-J); 0 where an eigenvalue lies on the border.
    leading
        The most unstable eigenvalue.
    at_event
        Which of the places are events.
    period
        1 for points; of cycles of a map their period; of limit cycles their period in time.
    amplitude
        Root mean square distance of the states of a cycle from their mean; 0 for points.
    corners, corner_inputs
        Parameters and inputs of the path at its corners, shapes (c,) and (c, m).
    noun
        What was followed: "points", "cycles" of a map or "limit cycles" of a flow.
    is_family
        Whether the path is one of systems and not of inputs.
    ends
        Why branches end, and how they were come by.
    events
        What happens on them.
    checks
        What searches said at some parameters.
    system
        Which system it is of; of a family, the one that was passed.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "place"

    branch: Int[np.ndarray, " n"] = column(
        "place", long_name="number of the branch", domain=Domain(least=0, below="branch")
    )
    parameter: Float[np.ndarray, " n"] = column("place", long_name="where along the path")
    states: Float[np.ndarray, "n d"] = column("place", "state", long_name="state")
    inputs: Float[np.ndarray, "n m"] = column("place", "input", long_name="input")
    n_unstable: Int[np.ndarray, " n"] = column(
        "place", long_name="unstable directions", domain=Domain(least=0)
    )
    is_stable: Bool[np.ndarray, " n"] = column("place", long_name="all modes decay")
    index: Int[np.ndarray, " n"] = column(
        "place", long_name="sign det(I - J) (flow: det(-J))", domain=Domain(least=-1, most=1)
    )
    leading: Complex[np.ndarray, " n"] = column(
        "place", long_name="most unstable eigenvalue", domain=Domain(missing=True)
    )
    at_event: Bool[np.ndarray, " n"] = column("place", long_name="something happens there")
    period: Float[np.ndarray, " n"] = column(
        "place", long_name="period in steps of a map or time", domain=Domain(above=0)
    )
    amplitude: Float[np.ndarray, " n"] = column(
        "place", long_name="root mean square distance from the mean", domain=Domain(least=0)
    )
    corners: Float[np.ndarray, " c"] = column("corner", long_name="parameter of the corner")
    corner_inputs: Float[np.ndarray, "c m"] = column("corner", "input", long_name="its input")
    is_family: bool = plain()
    ends: Ends = part(Ends, "branch_", shares=("branch",))
    events: Events = part(Events, "event_")
    checks: Checks = part(Checks, "check_")
    noun: str = plain(domain=Domain(options=("points", "cycles", "limit cycles")))
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ends)

    # -- reading ------------------------------------------------------------------------------

    @cached_property
    def branches(self) -> tuple[DiagramBranch, ...]:
        """The branches, one by one."""
        return tuple(
            DiagramBranch(
                self.parameter[rows],
                self.states[rows],
                self.n_unstable[rows],
                self.is_stable[rows],
                (End(int(self.ends.first[k])), End(int(self.ends.last[k]))),
                Origin(int(self.ends.origin[k])),
            )
            for k, rows in enumerate(self._rows)
        )

    @cached_property
    def _rows(self) -> list[Int[np.ndarray, " k"]]:
        return [np.flatnonzero(self.branch == k) for k in range(len(self.ends))]

    def counts(self) -> Counts:
        """Return how many points there are on each interval between events.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> cell = sp.cells.VanillaCell(2 * np.ones((1, 1)), np.ones((1, 1)), np.zeros(1))
        >>> system = sp.as_system(cell)
        >>> points = sp.find_all_fixed_points(system, [0.0])
        >>> diagram = sp.follow_points(system, points, sp.path([-1.0], [1.0], values=[-1, 1]))
        >>> diagram.counts().n_points.tolist()
        [1, 3, 1]
        """
        inner = [self.parameter[rows[side]] for rows in self._rows for side in (0, -1)]
        bounds = np.concatenate([self.corners[[0, -1]], self.events.parameter, inner])
        bounds = np.unique(np.clip(bounds, self.corners[0], self.corners[-1]))
        near = RESOLUTION * float(self.corners[-1] - self.corners[0])
        bounds = bounds[np.diff(bounds, prepend=-np.inf) > near]
        low, high = bounds[:-1], bounds[1:]
        passed = [self._passed((a + b) / 2) for a, b in zip(low, high, strict=True)]
        return Counts(
            low=low,
            high=high,
            n_points=np.array([len(rows) for rows in passed], dtype=np.int64),
            n_stable=np.array([self.is_stable[rows].sum() for rows in passed], dtype=np.int64),
            index_sum=np.array([self.index[rows].sum() for rows in passed], dtype=np.int64),
        )

    def attractors_along(self) -> pandas.DataFrame:
        """Return from where to where each branch attracts, and what it begins and ends with.

        Returns
        -------
        pandas.DataFrame
            One row for each stretch of a branch on which all modes decay: "branch", the parameters
            "from" and "to" in the order of the branch, and in words what happens at both.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> one = np.ones((1, 1))
        >>> system = sp.as_system(sp.cells.VanillaCell(2 * one, one, np.zeros(1)))
        >>> points = sp.find_all_fixed_points(system, [0.0])
        >>> diagram = sp.follow_points(system, points, sp.path([-1.0], [1.0], values=[-1, 1]))
        >>> diagram.attractors_along().round(4).values.tolist()
        [[0, -1.0, 0.5328, 'reached the end of the path', 'fold'], \
[0, -0.5328, 1.0, 'fold', 'reached the end of the path']]
        """
        import pandas as pd

        found = []
        for number, (branch, rows) in enumerate(zip(self.branches, self._rows, strict=True)):
            stable = branch.is_stable[:-1].astype(int)  # on the way to the next place
            turns = np.flatnonzero(np.diff(stable, prepend=0, append=0))
            for first, last in turns.reshape(-1, 2):
                ends = [
                    self._happens(int(rows[k])) or branch.ends[side].sentence
                    for side, k in enumerate((first, last))
                ]
                found.append((number, *branch.parameter[[first, last]], *ends))
        return pd.DataFrame(found, columns=["branch", "from", "to", "begins", "ends"])

    def _happens(self, place: int) -> str:
        """Return the noun of what happens at a place, empty for nothing."""
        if not self.at_event[place]:
            return ""
        number, events = self.branch[place], self.events
        own = np.flatnonzero((events.branch == number) | (events.other == number))
        if not len(own):
            return EventKind.BRANCH_POINT.noun
        apart = np.linalg.norm(events.state[own] - self.states[place], axis=1)
        apart += np.abs(events.parameter[own] - self.parameter[place])
        return EventKind(int(events.kind[own[apart.argmin()]])).noun

    def _passed(self, s: float) -> Int[np.ndarray, " k"]:
        """Return the last place of each branch before it comes through a parameter."""
        found = [
            rows[passed(self.parameter[rows] - s, is_closed=branch.ends[0] is End.CLOSED)]
            for rows, branch in zip(self._rows, self.branches, strict=True)
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def at(self, s: float, system: System | None = None, path: Path | None = None) -> FixedPoints:
        """Return the points at a parameter, computed anew and described.

        Parameters
        ----------
        s
            A parameter of the path.
        system, path
            What was followed; needed of a diagram that was loaded from a file (`path` only where
            it was a family).

        Raises
        ------
        ArgumentError
            If `s` lies beyond the path, the diagram is of cycles, or the system is needed and not
            passed, or another one.
        """
        if self.noun != "points":
            raise ArgumentError(
                f"at: this diagram is of {self.noun}; find_cycles finds them at one input of its "
                f"path."
            )
        if path is not None:
            check_along("path", path, self)
            if system is None:
                raise ArgumentError("system: got None beside path=; pass both.")
        s = check_real("s", s, least=float(self.corners[0]), most=float(self.corners[-1]))
        known = vars(self).get("_source")
        if system is not None:
            other = check_system(system).info
            if self.is_family:  # whose weights differ from one system to the next
                other = replace(other, weights_sha256=None)
            self.system.check_same("system", other)
            known = (system, path or (None if self.is_family else self.path))
        if known is None or known[1] is None:
            raise ArgumentError(
                "system: this diagram was loaded and does not hold the network; pass what was "
                "followed: diagram.at(s, system" + (", path)." if self.is_family else ").")
            )
        before = self._passed(s)
        after = np.minimum(before + 1, len(self.branch) - 1)
        after = np.where(self.branch[after] == self.branch[before], after, before)
        ends = [(self.states[rows], self.parameter[rows]) for rows in (before, after)]
        return points_at(known[0], known[1], s, ends[0], ends[1], size_of(self.states))

    @property
    def path(self) -> Path:
        """The polyline of inputs that it was followed along.

        Raises
        ------
        ArgumentError
            If it was a family of systems, which no record holds.
        """
        if self.is_family:
            raise ArgumentError("path: this diagram is of a family of systems.")
        return InputPath(inputs=self.corner_inputs, corners=self.corners)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_source"}

    # -- what is missing ----------------------------------------------------------------------

    @property
    def verdict(self) -> str:
        """Whether a branch may be missing, in a sentence."""
        if not len(self):
            return f"there is no branch, as no isolated {self.noun} were handed over or found"
        ends = [self.parameter[rows[[0, -1]]] for rows in self._rows]
        told = [*lost(self.ends, np.array(ends)), *missing(self.checks)]
        if self.noun == "points":
            told += unexplained(self.counts(), self.checks, self.ends, self.system.lefschetz)
        return verdict_of(told, self.checks)

    # -- showing ------------------------------------------------------------------------------

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per place of a branch."""
        import pandas as pd

        names = ["branch", "parameter", "n_unstable", "is_stable", "index", "leading", "at_event"]
        names += ["period", "amplitude"]
        columns: dict[str, Any] = {name: getattr(self, name) for name in names}
        columns |= {f"x{i}": self.states[:, i] for i in range(self.states.shape[1])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def _display(self) -> Display:
        return Display(
            f"diagram of {self.noun}: {plural(len(self), 'branch', 'branches')}, "
            f"{plural(len(self.events), 'event')}, parameter {self.corners[0]:g} to "
            f"{self.corners[-1]:g}",
            table_of(self.branches, self.events) if len(self) else (),
            [*first_sentences(self.events), self.verdict],
            self.provenance,
        )

    def _rests_on(self) -> tuple[str, ...]:
        return ("points", "census")

    def _coordinates(self) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
        return self.system.coordinates()

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[1], self.inputs.shape[1])
        if len(self.corners) != len(self.corner_inputs) or len(self.corners) < 2:
            yield "corners: a path has two at least, each with its input"


def check_along(name: str, path: Any, diagram: Diagram) -> None:
    """Refuse a path along which a diagram was not followed.

    Raises
    ------
    ArgumentError
        If it is no path, or another one.
    """
    check_kind(name, path, Path, "what path(...) or family(...) returns")
    inputs = path.inputs if isinstance(path, InputPath) else None
    same = (inputs is None) == diagram.is_family and np.array_equal(path.corners, diagram.corners)
    if not same or (inputs is not None and not np.array_equal(inputs, diagram.corner_inputs)):
        raise ArgumentError(f"{name}: the diagram is along another path; pass its own.")
