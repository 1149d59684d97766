"""The record of a slow manifold: its states, its drift, and what it selects and remembers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Complex, Float
from scipy.spatial import cKDTree

from ..._core import netcdf as io
from ..._core.validation import read_states
from ...dynamics import Kind
from ...errors import ArgumentError
from ..ends import End
from .dataset import from_dataset, to_dataset
from .polyline import Polyline
from .words import told

# Drift below this many units in the last place of the state is rounding, not drift.
_ROUNDING = 16 * np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Rests:
    """Where the drift along a curve changes sign: fixed points, by linear interpolation.

    Attributes
    ----------
    arc
        Their places along the curve, shape (n,), in units of the state.
    states
        Shape (n, d).
    attracts
        Whether the drift points towards them from both sides.
    """

    arc: Float[np.ndarray, " n"]
    states: Float[np.ndarray, "n d"]
    attracts: Bool[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.arc)


@dataclass(frozen=True, eq=False, repr=False)
class SlowManifold:
    """A line, ring or sheet of slow states; made by `stillpoint.follow_slow_manifold`.

    Nodes lie along one axis, shape (k,), for a sheet along two, (k0, k1): spine, then teeth, with
    NaN where a tooth ended earlier than others. p is the dimension. Lengths are in units of the
    state, times in those of the system's `dt` (steps where it has none; those of a flow).

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
        Why the curve ends at its first and at its last node; for a sheet those of the spine, then
        the most common ones of the teeth.
    origin
        The number of the node to which the seed led; for a sheet the column in which the spine is.
    kind, dt
        As of the system.
    """

    states: Float[np.ndarray, "*nodes d"]
    inputs: Float[np.ndarray, " m"]
    drift: Float[np.ndarray, "*nodes p"]
    eigenvalues: Complex[np.ndarray, "*nodes p"]
    transverse: Float[np.ndarray, "*nodes"]
    tangents: Float[np.ndarray, "*nodes d p"]
    selection: Float[np.ndarray, "*nodes d p"]
    input_jacobian: Float[np.ndarray, "*nodes d m"]
    ends: tuple[End, ...]
    origin: int
    kind: Kind
    dt: float | None

    def __len__(self) -> int:
        return int(self.present.sum())

    def __repr__(self) -> str:
        return told(self)

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

        For a sheet pairs, shape (k0, k1, 2): along the spine, and along the tooth from the spine,
        negative on the one side.
        """
        if self.dimension == 1:
            return self._line.arc
        along = Polyline(self.states[:, self.origin]).arc
        spine = np.broadcast_to(along[:, None], self.present.shape)
        teeth = np.full(self.present.shape, np.nan)
        for k, there in enumerate(self.present):
            teeth[k, there] = Polyline(self.states[k, there]).arc
        return np.stack([spine, teeth - teeth[:, self.origin, None]], axis=-1)

    @property
    def present(self) -> Bool[np.ndarray, "..."]:
        """Where there is a node; everywhere on a curve."""
        return np.isfinite(self.states).all(axis=-1)

    @property
    def extent(self) -> float | tuple[float, float]:
        """The length of a line, the whole way round a ring; of a sheet spine and mean tooth."""
        if self.dimension == 2:
            teeth = self.arc[..., 1]
            across = np.nanmax(teeth, axis=1) - np.nanmin(teeth, axis=1)
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
        of that part only; and a state that has come to rest at an attracting place stays there.
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
        """Where the drift along a curve changes sign: fixed points that attract or repel along it.

        There are none where it is zero throughout: all states are fixed then.

        Raises
        ------
        ArgumentError
            If it is a sheet, on which the drift has no sign.
        """
        if self.dimension == 2:
            raise ArgumentError("rests: the drift on a sheet has no sign; this needs a curve.")
        scale = max(1.0, float(np.abs(self.states).max()))
        moving = np.flatnonzero(np.abs(self.drift[:, 0]) > _ROUNDING * scale)
        before, after = moving[:-1], moving[1:]
        if self.shape == "ring" and len(moving):
            before, after = moving, np.roll(moving, -1)
        drift = self.drift[:, 0]
        crossing = drift[before] * drift[after] < 0
        before, after = before[crossing], after[crossing]
        share = drift[before] / (drift[before] - drift[after])
        ahead = np.where(after > before, self.arc[after], self.arc[after] + self.extent)
        arc = self.arc[before] + share * (ahead - self.arc[before])
        return Rests(*self._line.at(arc), attracts=drift[before] > 0)

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
        distance, nearest = cKDTree(self.states[self.present]).query(x)
        return self.arc[self.present][nearest], distance

    # -- files --------------------------------------------------------------------------------

    def to_xarray(self) -> Any:
        """Return an `xarray.Dataset` with dimensions node (and tooth), state, input and mode."""
        return to_dataset(self)

    @classmethod
    def from_xarray(cls, dataset: Any) -> SlowManifold:
        """Return the record that `to_xarray` wrote down."""
        return cls(**from_dataset(dataset))

    def save(self, path: str | Path) -> Path:
        """Write everything to one NetCDF file, read back by `stillpoint.load`.

        Raises
        ------
        ArgumentError
            If the folder does not exist.
        """
        return io.save(self.to_xarray(), path)

    @property
    def _unit(self) -> float:
        """The duration of what `drift` counts."""
        return (self.dt or 1.0) if self.kind == "map" else 1.0

    @cached_property
    def _line(self) -> Polyline:
        """The nodes of a curve."""
        return Polyline(self.states, is_closed=self.shape == "ring" and len(self.states) > 1)


io.reader("SlowManifold")(SlowManifold.from_xarray)
