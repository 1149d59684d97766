"""The record of a slow manifold: its states, its drift, and what it selects and remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, final

import numpy as np
from jaxtyping import Bool, Complex, Float

from ..._core.display import Display, plural
from ..._core.grouping import nearest_rows
from ..._core.record import Record, column, plain
from ..._core.validation import read_states
from ..._core.values import Domain
from ...dynamics import Kind
from ...errors import ArgumentError
from ...local import growth
from ...system_info import SystemInfo
from ..ends import End
from . import _repr
from .polyline import Polyline
from .rests import Rests, zeros_of_drift

_FINITE_NODES = Domain(finite="present")

# Drift below this many units in the last place of the state is rounding, not drift.
_ROUNDING = 16 * np.finfo(np.float64).eps


@final
@dataclass(frozen=True, eq=False, repr=False)
class SlowManifold(Record):
    """A line, ring or sheet of slow states; made by `stillpoint.follow_slow_manifold`.

    Nodes lie along one axis, shape (k,), for a sheet along two, (k0, k1): the first coordinate
    line, and the second ones through its nodes, with NaN where one ended earlier than others. p
    is the dimension. Lengths are in units of the state, times in those of the system's `dt` (steps
    where it has none; those of a flow).

    Attributes
    ----------
    states, inputs
        Shapes (k, d) or (k0, k1, d), and (m,).
    drift
        The motion of the state in one step of a map, per unit time of a flow, along each tangent:
        F(x, u) - x = tangents drift. Shape (..., p); positive towards later nodes of a curve.
    eigenvalues
        Of the slow modes, shape (..., p).
    transverse
        The largest modulus (flow: real part) of the other eigenvalues, shape (...).
    tangents
        Right slow eigenvectors, of unit length, one per column, shape (..., d, p); for a sheet an
        orthonormal basis of their span, carried along without turning in it.
    selection
        Left slow eigenvectors with selection^T tangents = I, shape (..., d, p): how far a small
        push moves the state along the manifold once all else has decayed (Mante et al. 2013).
    input_jacobian
        dF_i / du_j at every node, shape (..., d, m).
    ends
        Why the curve ends at its first and at its last node; for a sheet those of the first
        coordinate line, then the most common ones of the second lines.
    origin
        The number of the node to which the start led; for a sheet the column of the first line.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "node"

    states: Float[np.ndarray, "*nodes d"] = column("node", "state", long_name="state")
    inputs: Float[np.ndarray, " m"] = column("input", long_name="input", domain=Domain(finite=True))
    drift: Float[np.ndarray, "*nodes p"] = column(
        "node", "slow_mode", long_name="drift", domain=_FINITE_NODES
    )
    eigenvalues: Complex[np.ndarray, "*nodes p"] = column(
        "node", "slow_mode", long_name="eigenvalues of the slow modes", domain=_FINITE_NODES
    )
    transverse: Float[np.ndarray, "*nodes"] = column(
        "node", long_name="largest modulus (flow: real part) of the other eigenvalues"
    )
    tangents: Float[np.ndarray, "*nodes d p"] = column(
        "node", "state", "slow_mode", long_name="right slow eigenvectors", domain=_FINITE_NODES
    )
    selection: Float[np.ndarray, "*nodes d p"] = column(
        "node", "state", "slow_mode", long_name="left slow eigenvectors", domain=_FINITE_NODES
    )
    input_jacobian: Float[np.ndarray, "*nodes d m"] = column(
        "node", "state", "input", long_name="Jacobian in the inputs, rows = to"
    )
    ends: tuple[End, ...] = plain(End, many=True)
    origin: int = plain()
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """ "map" or "flow"."""
        return self.system.kind

    @property
    def dt(self) -> float | None:
        """As of the system."""
        return self.system.dt

    def __len__(self) -> int:
        return int(self.present.sum())

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[-1], self.inputs.shape[-1])
        if self.dimension not in (1, 2) or not len(self.states):
            yield f"drift: of shape {self.drift.shape}, but at least a node and 1 or 2 slow modes"
        if len(self.ends) != 2 * self.dimension:
            yield f"ends: there are {len(self.ends)}, but {2 * self.dimension} are wanted"
        if not 0 <= self.origin < self.states.shape[-2]:
            yield f"origin: is {self.origin}, but there are {self.states.shape[-2]} nodes"
        elif not (self.present if self.dimension == 1 else self.present[:, self.origin]).all():
            yield "states: not all nodes are finite"

    def _display(self) -> Display:
        read, extent = _repr.Wording(self.kind, self.dt), _repr.extent(self.extent)
        d = self.states.shape[-1]
        drift = read.drift(self.mean_drift, self.max_drift)
        if self.dimension == 1 and np.isfinite(self.memory_time):
            drift += f"; {_repr.zeros(self.rests.attracts)}"
        lines = {
            "drift": drift,
            "memory": read.memory(self.memory_time),
            "slow mode" if self.dimension == 1 else "slow modes": read.slow(self.eigenvalues.real),
            "transverse": read.transverse(float(np.nanmax(self.transverse)), self.decay_time),
            "ends": _repr.ends(self.ends[:2], self.ends[2:]),
        }
        beside = growth(self.transverse[self.present], self.kind)
        nodes = _repr.transversally(beside) if self.dimension < d else plural(len(self), "node")
        return Display(
            f"slow manifold: {self.shape} {extent} in {plural(d, 'state')}, {nodes}",
            remarks=[f"{name:<12}{text}" for name, text in lines.items()],
            provenance=self.provenance,
        )

    # -- its form -----------------------------------------------------------------------------

    @property
    def dimension(self) -> int:
        """1 for a curve, 2 for a sheet."""
        return self.drift.shape[-1]

    @property
    def shape(self) -> Literal["line", "ring", "sheet"]:
        """A curve with two ends, one that returns to its start, or a sheet."""
        if self.dimension == 2:
            return "sheet"
        return "ring" if self.ends[0] is End.CLOSED else "line"

    @cached_property
    def arc(self) -> Float[np.ndarray, "..."]:
        """Arc length from the first node, shape (k,), by chords.

        For a sheet pairs, shape (k0, k1, 2): along the first coordinate line, and from there along
        the second, negative on the one side.
        """
        if self.dimension == 1:
            return self._line.arc
        along = Polyline(self.states[:, self.origin]).arc
        first = np.broadcast_to(along[:, None], self.present.shape)
        second = np.full(self.present.shape, np.nan)
        for k, there in enumerate(self.present):
            second[k, there] = Polyline(self.states[k, there]).arc
        return np.stack([first, second - second[:, self.origin, None]], axis=-1)

    @property
    def present(self) -> Bool[np.ndarray, "..."]:
        """Where there is a node; everywhere on a curve."""
        return np.isfinite(self.states).all(axis=-1)

    @property
    def extent(self) -> float | tuple[float, float]:
        """The length of a line, all round a ring; of a sheet the first and the mean second line."""
        if self.dimension == 2:
            second = self.arc[..., 1]
            across = np.nanmax(second, axis=1) - np.nanmin(second, axis=1)
            return float(self.arc[-1, self.origin, 0]), float(np.mean(across))
        return self._line.length

    # -- how it moves -------------------------------------------------------------------------

    @property
    def mean_drift(self) -> float:
        """The mean size of the drift, over the length of a curve or the nodes of a sheet."""
        size = np.linalg.norm(self.drift, axis=-1)
        if self.dimension == 2:
            return float(np.nanmean(size))
        closed = self.shape == "ring"
        gaps = np.diff(self.arc, append=self.extent) if closed else np.diff(self.arc)
        size = np.append(size, size[0]) if closed else size
        if not gaps.sum() > 0:
            return float(size[0])
        return float(gaps @ (size[1:] + size[:-1]) / 2 / gaps.sum())

    @property
    def max_drift(self) -> float:
        """The largest size of the drift."""
        return float(np.nanmax(np.linalg.norm(self.drift, axis=-1)))

    @property
    def memory_time(self) -> float:
        """Extent over mean drift: the time in which drift wipes out what the place along it says.

        The extent is that which was followed, so a curve cut short by a limit (see `ends`) tells
        of that part only; and a state that has arrived at an attracting zero of the drift stays.
        Of a sheet the shorter extent counts. Infinite where the drift is nothing but rounding.
        """
        if self.max_drift <= _ROUNDING * max(1.0, float(np.nanmax(np.abs(self.states)))):
            return np.inf
        return float(np.min(self.extent)) / self.mean_drift * self._unit

    @property
    def decay_time(self) -> float:
        """The longest time constant of the other modes; infinite where one of them grows."""
        slowest = float(np.nanmax(self.transverse))
        with np.errstate(divide="ignore"):
            rate = -np.log(slowest) if self.kind == "map" else -slowest
        return float(self._unit / rate) if rate > 0 else np.inf

    @property
    def rests(self) -> Rests:
        """The zeros of the drift along a curve: fixed points that attract or repel along it.

        There are none where it is zero throughout: all states are fixed then.

        Raises
        ------
        ArgumentError
            If it is a sheet, on which the drift has no sign.
        """
        if self.dimension == 2:
            raise ArgumentError("rests: the drift on a sheet has no sign; this needs a curve.")
        scale = max(1.0, float(np.abs(self.states).max()))
        return zeros_of_drift(self._line, self.drift[:, 0], _ROUNDING * scale)

    # -- what it selects ----------------------------------------------------------------------

    @property
    def input_gain(self) -> Float[np.ndarray, "*nodes p m"]:
        """How far a unit of each input moves the state along the manifold: selection^T B."""
        return np.swapaxes(self.selection, -1, -2) @ self.input_jacobian

    @property
    def input_angles(self) -> Float[np.ndarray, "*nodes p m"]:
        """Angles in degrees between selection vectors and input directions, in [0, 180].

        An input at 90 degrees is not integrated. NaN for an input that moves nothing.
        """
        lengths = (
            np.linalg.norm(self.selection, axis=-2)[..., :, None]
            * np.linalg.norm(self.input_jacobian, axis=-2)[..., None, :]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.degrees(np.arccos(np.clip(self.input_gain / lengths, -1, 1)))

    # -- other states -------------------------------------------------------------------------

    def project(self, states: Any) -> tuple[Float[np.ndarray, "n ..."], Float[np.ndarray, " n"]]:
        """Return where on the manifold states are, and how far from it.

        Parameters
        ----------
        states
            Shape (n, d).

        Returns
        -------
        arc, shape (n,), and distance, shape (n,)
            Of the nearest place on the chords of a curve; for a sheet of the nearest node, with
            arc of shape (n, 2).

        Raises
        ------
        ArgumentError
            If the shape does not fit.
        """
        x = read_states("states", states, self.states.shape[-1])
        if self.dimension == 1:
            return self._line.project(x)
        distance, nearest = nearest_rows("states", self.states[self.present], x)
        return self.arc[self.present][nearest], distance

    def _dimensions(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        if declared[:1] != ("node",) or self.dimension == 1:
            return declared
        return ("node", "across", *declared[1:])

    def _coordinates(self) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
        return self.system.coordinates()

    @property
    def _unit(self) -> float:
        """The duration of what `drift` counts."""
        return (self.dt or 1.0) if self.kind == "map" else 1.0

    @cached_property
    def _line(self) -> Polyline:
        """The nodes of a curve."""
        return Polyline(self.states, is_closed=self.shape == "ring" and len(self.states) > 1)
