"""How a set of points reads: one line of counts, then one line for each point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..status import Status

if TYPE_CHECKING:
    from .fixed_points import FixedPoints

_ROWS = 40
_COLUMNS = 4


def table(points: FixedPoints) -> str:
    """Return the table that the `repr` of `FixedPoints` shows."""
    if not len(points):
        return f"no fixed points\n{points.starts!r}"
    if points.on_continuum.any():
        return (
            f"a continuum of fixed points: I - J is singular at "
            f"{int(points.on_continuum.sum())} of the {len(points)} states found, and fixed "
            f"states lie arbitrarily close to them. Their positions are samples."
        )
    lines = [heading(count_unstable(points.n_unstable, points.is_stable), len(points))]
    lines.append(f"{'':>5} {'unstable':>8} {'hits':>6} {'q':>8} {'max|λ|':>8} {'index':>5}  x")
    largest = np.abs(points.eigenvalues).max(axis=1)
    for k in range(min(len(points), _ROWS)):
        shown = ", ".join(f"{value:+.3f}" for value in points.xstar[k, :_COLUMNS])
        more = ", ..." if points.xstar.shape[1] > _COLUMNS else ""
        lines.append(
            f"{k:>5} {points.n_unstable[k]:>8} {points.hits[k]:>6} {points.q[k]:>8.0e} "
            f"{largest[k]:>8.4f} {points.index[k]:>+5}  ({shown}{more})"
        )
    failed = {s.sentence: n for s, n in points.starts.counts().items() if s != Status.FIXED_POINT}
    if failed and not points.is_selection:
        told = "; ".join(f"{count} {sentence}" for sentence, count in failed.items())
        lines.append(f"of {len(points.starts)} starts {told}")
    if len(points) > _ROWS:
        lines.append(f"  ... and {len(points) - _ROWS} more")
    return "\n".join(lines)


def count_unstable(n_unstable: np.ndarray, is_stable: np.ndarray) -> dict[str, int]:
    """Return how many points are stable, marginal, or saddles with k unstable directions."""
    counts = {"stable": int(is_stable.sum())}
    counts["marginal"] = int(((n_unstable == 0) & ~is_stable).sum())
    for k in sorted({int(k) for k in n_unstable if k > 0}):
        counts[str(k)] = int((n_unstable == k).sum())
    return {name: count for name, count in counts.items() if count}


def heading(counts: Mapping[str, int], n: int) -> str:
    """Return "27 fixed points: 8 stable, 12 + 6 + 1 with 1, 2, 3 unstable directions"."""
    parts = [f"{counts[name]} {name}" for name in ("stable", "marginal") if name in counts]
    orders = [name for name in counts if name.isdigit()]
    if orders:
        amounts = " + ".join(str(counts[order]) for order in orders)
        noun = "direction" if orders == ["1"] else "directions"
        parts.append(f"{amounts} with {', '.join(orders)} unstable {noun}")
    return f"{n} fixed point{'s' if n != 1 else ''}: {', '.join(parts)}"
