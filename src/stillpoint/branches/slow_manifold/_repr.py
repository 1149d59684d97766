"""How a slow manifold reads: each line of its `repr` from plain values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..._core.display import plural
from ...dynamics import Kind
from ...local import MARGIN
from ..ends import End


@dataclass(frozen=True)
class Wording:
    """How times and eigenvalues read for a map or a flow; steps without a duration are "steps"."""

    kind: Kind
    dt: float | None

    def drift(self, mean: float, largest: float) -> str:
        """Return how fast states move along the manifold."""
        per_time = "per step" if self.kind == "map" else "per unit time"
        return f"mean {mean:.2g}, at most {largest:.2g} {per_time}"

    def memory(self, time: float) -> str:
        """Return how long the place along the manifold lasts."""
        if not np.isfinite(time):
            return "infinite: nothing drifts"
        return f"{time:.3g}{self._unit} to drift along it, as far as it was followed"

    def slow(self, eigenvalues: Float[np.ndarray, "..."]) -> str:
        """Return the range of the real parts of the slow eigenvalues."""
        symbol = "lambda" if self.kind == "map" else "Re lambda"
        low, high = (f"{end:.4f}" for end in (np.nanmin(eigenvalues), np.nanmax(eigenvalues)))
        return f"{symbol} {low}" if low == high else f"{symbol} {low} to {high}"

    def transverse(self, largest: float, decay_time: float) -> str:
        """Return how fast everything else decays."""
        size = "|lambda|" if self.kind == "map" else "Re lambda"
        is_finite = np.isfinite(decay_time)
        decays = f"decays within {decay_time:.2g}{self._unit}" if is_finite else "does not decay"
        return f"{size} at most {largest:.4f}, {decays}"

    @property
    def _unit(self) -> str:
        return "" if self.kind == "flow" or self.dt is not None else " steps"


def extent(lengths: float | tuple[float, float]) -> str:
    """Return the length of a curve, or the mean lengths of a sheet each way."""
    if isinstance(lengths, tuple):
        return f"{lengths[0]:.3g} x {lengths[1]:.3g}"
    return f"of length {lengths:.3g}"


def transversally(growth: Float[np.ndarray, " n"]) -> str:
    """Return how many nodes there are, and whether states beside them come back.

    `growth` says how far the fastest growing of the other modes is outside the stability border;
    none is on it, as that would be a slow one.

    Examples
    --------
    >>> transversally(np.array([-0.5, -0.1])), transversally(np.array([-0.5, 0.1]))
    ('2 nodes, attracting', 'repels transversally at 1 of 2 nodes')
    """
    nodes, repels = plural(len(growth), "node"), int((growth > MARGIN).sum())
    return f"repels transversally at {repels} of {nodes}" if repels else f"{nodes}, attracting"


def zeros(attracts: Bool[np.ndarray, " n"]) -> str:
    """Return how many zeros the drift has, and how many of them attract.

    Examples
    --------
    >>> zeros(np.array([True, False, True]))
    '3 zeros (2 attract, 1 repels)'
    """
    n, attract = len(attracts), int(attracts.sum())
    if not n:
        return "no zeros"
    counts = [(attract, "attract"), (n - attract, "repel")]
    parts = [f"{k} {verb}{'s' if k == 1 else ''}" for k, verb in counts if k]
    return f"{plural(n, 'zero')} ({', '.join(parts)})"


def ends(of_line: tuple[End, ...], across: tuple[End, ...]) -> str:
    """Return why a curve ends at its two ends, and a sheet also across."""
    if of_line[0] is End.CLOSED and not across:
        return of_line[0].sentence
    line = "; ".join(end.sentence for end in of_line)
    return f"{line}; across, mostly: {'; '.join(e.sentence for e in across)}" if across else line
