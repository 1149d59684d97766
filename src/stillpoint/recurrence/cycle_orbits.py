"""Fixed points of iterates put together to orbits, each with its minimal period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import to_numpy
from .._core.grouping import components, match_states
from ..intervals import Interval
from ..points import FixedPoints
from ..proofs import prove
from ..system import System


def images_of(
    system: System, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"], k: int
) -> Iterable[Float[np.ndarray, "n d"]]:
    """Yield F(x), F^2(x), ..., F^k(x)."""
    asarray = system.dynamics.arrays.asarray
    state, inputs = asarray(x), asarray(u)
    for _ in range(k):
        state = system.dynamics.step(state, inputs)
        yield to_numpy(state)


@dataclass(frozen=True, eq=False)
class CycleOrbits:
    """Which points of F^k follow which: the orbit and the minimal period of each.

    Attributes
    ----------
    labels
        Equal for points of one orbit, shape (n,).
    minimal
        The minimal period of each point.
    images
        F(x), ..., F^k(x), shape (k, n, d).
    is_listed
        Whether the k steps from a point lead back to it, and it is none of a continuum.
    """

    labels: Int[np.ndarray, " n"]
    minimal: Int[np.ndarray, " n"]
    images: Float[np.ndarray, "k n d"]
    is_listed: Bool[np.ndarray, " n"]

    @classmethod
    def of(cls, system: System, points: FixedPoints, k: int) -> CycleOrbits:
        n, u = len(points), points.inputs
        images = np.stack(list(images_of(system, points.xstar, u, k)))
        after = np.stack([match_states(points.xstar, u, y, u, points.tol_unique) for y in images])
        minimal, own = np.full(n, k), np.arange(n)
        for divisor in [j for j in range(k - 1, 0, -1) if k % j == 0]:
            minimal[after[divisor - 1] == own] = divisor
        linked = np.flatnonzero(after[0] >= 0)
        labels = components(np.stack([linked, after[0][linked]], axis=1), n) if n else own
        return cls(labels, minimal, images, (after[-1] == own) & ~points.on_continuum)

    def cycles(self) -> list[Int[np.ndarray, " p"]]:
        """Return the rows of each orbit."""
        listed = np.unique(self.labels[self.is_listed])
        return [np.flatnonzero((self.labels == label) & self.is_listed) for label in listed]


@dataclass(frozen=True, eq=False)
class FoundCycle:
    """One cycle: its states, and the row of the points that stands for it."""

    states: Float[np.ndarray, "k d"]
    inputs: Float[np.ndarray, " m"]
    multipliers: Any
    n_unstable: int
    is_stable: bool
    q: float
    hits: int
    proved: bool
    stability_proved: bool
    tolerance: float

    @classmethod
    def of(
        cls, system: System, points: FixedPoints, orbits: CycleOrbits, rows: Int[np.ndarray, " p"]
    ) -> FoundCycle:
        first = rows[np.lexsort(points.xstar[rows].T[::-1])[0]]
        period = int(orbits.minimal[first])
        others = orbits.images[: period - 1, first]
        states = np.concatenate([points.xstar[first][None], others])
        lin = points.linearization
        multipliers, n_unstable = lin.eigenvalues[first], int(points.n_unstable[first])
        if period < len(orbits.images):  # a shorter cycle, met under a longer iterate
            own = system.iterate(period).jacobian(states[:1], points.inputs[first][None])
            values = np.linalg.eigvals(own)[0]
            multipliers = values[np.argsort(-np.abs(values), kind="stable")].astype(complex)
        certificate, row, u = points.certificate, int(first), points.inputs[first]
        if period < len(orbits.images) and certificate is not None:
            certificate, row = prove(system.iterate(period).dynamics, states[:1], u[None]), 0
        proved = certificate is not None and bool(certificate.proved[row])
        proved = proved and _is_prime(system, certificate, u, row, period)
        gap = orbits.images[period - 1, first] - states[0]
        if points.on_kink[first] and not points.is_stable[first]:
            multipliers = np.full(len(multipliers), np.nan + 0j)  # each side has its own
        return cls(
            states,
            points.inputs[first],
            multipliers,
            n_unstable,
            bool(points.is_stable[first]),
            float(gap @ gap / 2),
            int(points.hits[rows].sum()),
            proved,
            proved and bool(certificate and certificate.n_unstable_proved[row] == 0),
            points.tol_unique,
        )


def _is_prime(
    system: System, certificate: Any, u: Float[np.ndarray, " m"], row: int, period: int
) -> bool:
    """Whether it is proved that no fewer steps lead back: images of the box are apart from it."""
    box = Interval(certificate.states[row][None], certificate.box[row][None])
    for divisor in [j for j in range(1, period) if period % j == 0]:
        exact = system.iterate(divisor).dynamics.interval_extension()
        if exact is None or not exact.step(box, Interval(u[None])).is_apart(box).any():
            return False
    return True
