"""The stable manifold of a saddle with one unstable direction: how far states are from it.

On one side of it orbits go to one attractor, on the other side to another. A state lies on it if
its orbit comes to the saddle. Beside the saddle, the left eigenvector of the unstable direction
measures by how much an orbit misses; carried back along the orbit by the transposed Jacobians, that
eigenvector becomes the normal of the manifold where the orbit began. Far from the saddle it
measures nothing, so no state counts whose orbit does not come to the saddle.

Rounding pushes every orbit off before it has come close where the saddle attracts slowly. So beside
the saddle the unstable part is taken out whenever it prevails, and counted: carried back, what was
taken out is the distance from the manifold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.arrays import to_numpy
from ...dynamics.simulate import adjoint_stepper, stepper
from ...system import System
from ..leading import time_step

# As shares of the straight way from the attractor to the saddle: an orbit is at the saddle; it has
# come to it, so that its beginning counts; it is beside it, where the unstable part is taken out.
_AT, _COMES, _BESIDE = 1e-4, 1e-3, 0.1

# The unstable part prevails if it is this share of the distance.
_PREVAILS = 0.5

# An orbit has left for an attractor that is so many times nearer than the saddle.
_LEFT = 0.1

# Newton steps that bring a state to the manifold; the share of the kick that one of them may be;
# that below which they are over, and that below which the state counts as one of the manifold.
_NEWTON, _LONGEST, _SHORTEST, _ON = 8, 0.3, 1e-9, 1e-6


@dataclass(frozen=True, eq=False)
class Passes:
    """Where orbits pass their saddles.

    Attributes
    ----------
    distance
        The closest that each comes, as a share of the straight way; infinite if its beginning is
        known not to be on the manifold.
    missed
        The distance of its beginning from the manifold, to first order, with a sign.
    normal
        The unit normal of the manifold there.
    """

    distance: Float[np.ndarray, " k"]
    missed: Float[np.ndarray, " k"]
    normal: Float[np.ndarray, "k d"]

    @property
    def comes(self) -> Bool[np.ndarray, " k"]:
        """Which orbits come to their saddles."""
        return self.distance < _COMES


@dataclass(frozen=True, eq=False)
class StableManifolds:
    """The stable manifolds of some saddles, one for each row of states.

    Attributes
    ----------
    home
        The attractor of each row, on one side of its saddle.
    saddles
        The saddles.
    left, right
        Eigenvectors of the unstable direction of each, the left one of length one, with the
        product one.
    attractors
        Points at which orbits end.
    steps
        Steps of an orbit, at most.
    """

    system: System
    u: Float[np.ndarray, " m"]
    home: Float[np.ndarray, "k d"]
    saddles: Float[np.ndarray, "k d"]
    left: Float[np.ndarray, "k d"]
    right: Float[np.ndarray, "k d"]
    attractors: Float[np.ndarray, "a d"]
    steps: int

    def take(self, rows: Int[np.ndarray, " j"]) -> StableManifolds:
        """Return those of some rows."""
        names = ("home", "saddles", "left", "right")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    @property
    def straight(self) -> Float[np.ndarray, " k"]:
        """How far each attractor is from its saddle."""
        return np.linalg.norm(self.saddles - self.home, axis=1)

    def passes(self, x: Float[np.ndarray, "k d"]) -> Passes:
        """Follow orbits until they are at their saddles, or have left for an attractor."""
        dynamics, straight = self.system.dynamics, self.straight
        dt = time_step(self.system, self.u, x, self.saddles, self.attractors)
        advance, asarray = stepper(dynamics, dt), dynamics.arrays.asarray
        distance = np.linalg.norm(x - self.saddles, axis=1) / straight
        orbit = _Orbit(np.zeros(len(x), dtype=np.int64), x.copy(), [])
        going = np.flatnonzero(distance >= _AT)
        x, u = x[going], np.tile(self.u, (len(x), 1))
        for step in range(1, self.steps + 1):
            if not len(going):
                break
            before, x = x, to_numpy(advance(asarray(x), asarray(u[going]))).astype(np.float64)
            off = x - self.saddles[going]
            part = (off * self.left[going]).sum(axis=1)[:, None] * self.right[going]
            apart, missed = np.linalg.norm(off, axis=1), np.linalg.norm(part, axis=1)
            beside = (apart < _BESIDE * straight[going]) & (missed > _PREVAILS * apart)
            part[~beside] = 0.0
            x = x - part
            orbit.path.append((going, before, part))
            apart = np.linalg.norm(x - self.saddles[going], axis=1)
            nearer = apart < distance[going] * straight[going]
            rows = going[nearer]
            distance[rows] = apart[nearer] / straight[rows]
            orbit.when[rows], orbit.closest[rows] = step, x[nearer]
            other = np.linalg.norm(x[:, None] - self.attractors, axis=2).min(axis=1)
            stays = (other > _LEFT * apart) & (distance[going] >= _AT) & np.isfinite(x).all(axis=1)
            going, x = going[stays], x[stays]
        return Passes(distance, *self._back(orbit, dt))

    def _back(
        self, orbit: _Orbit, dt: float
    ) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k d"]]:
        """Carry the left eigenvectors back along the orbits, from where each was closest."""
        dynamics, asarray = self.system.dynamics, self.system.dynamics.arrays.asarray
        back, w = adjoint_stepper(dynamics, dt), self.left.copy()
        missed = (w * (orbit.closest - self.saddles)).sum(axis=1)
        for step in reversed(range(len(orbit.path))):
            rows, x, part = orbit.path[step]
            own = orbit.when[rows] > step
            if not own.any():
                continue
            rows, x, part = rows[own], x[own], part[own]
            missed[rows] += (w[rows] * part).sum(axis=1)
            u = asarray(np.tile(self.u, (len(rows), 1)))
            before = to_numpy(back(asarray(x), u, asarray(w[rows]))).astype(np.float64)
            length = np.linalg.norm(before, axis=1)
            missed[rows] /= length
            w[rows] = before / length[:, None]
        return missed, w

    def brought(self, x: Float[np.ndarray, "k d"]) -> tuple[Float[np.ndarray, "k d"], Passes]:
        """Return states brought to the manifold along its normal, and how their orbits pass.

        No step is longer than a share of the kick. Those whose orbits do not come to the saddle in
        the end (`Passes.comes`) are not on it.
        """
        x, passes = x.copy(), self.passes(x)
        for _ in range(_NEWTON):
            kick = np.linalg.norm(x - self.home, axis=1)
            rows = np.flatnonzero(np.abs(passes.missed) > _SHORTEST * kick)
            if not len(rows):
                break
            most = _LONGEST * kick[rows]
            x[rows] -= np.clip(passes.missed[rows], -most, most)[:, None] * passes.normal[rows]
            again = self.take(rows).passes(x[rows])
            for name in ("distance", "missed", "normal"):
                getattr(passes, name)[rows] = getattr(again, name)
        kick = np.linalg.norm(x - self.home, axis=1)
        passes.distance[~(np.abs(passes.missed) <= _ON * kick)] = np.inf
        return x, passes


@dataclass(frozen=True, eq=False)
class _Orbit:
    """Orbits: when each was closest to its saddle and where, and what came before.

    Attributes
    ----------
    path
        For each step the rows, their states before it, and what was taken out of those after it.
    """

    when: Int[np.ndarray, " k"]
    closest: Float[np.ndarray, "k d"]
    path: list[tuple[Int[np.ndarray, " j"], Float[np.ndarray, "j d"], Float[np.ndarray, "j d"]]]
