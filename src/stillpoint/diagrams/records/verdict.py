"""Whether a branch may be missing from a diagram: what speaks for it, and the sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from ..._core.display import plural
from ...branches.ends import End
from .branch import Ends
from .checks import Checks
from .counts import RESOLUTION, Counts


def verdict_of(told: Sequence[str], checks: Checks) -> str:
    """Return the sentence, given what speaks for a missing branch."""
    if told:
        return "something is missing: " + "; ".join(told)
    if not len(checks):
        return "no search was set beside the branches, so nothing is said on missing ones"
    n, proved = len(checks), int(checks.proved.sum())
    found = f"at {n} of {n} parameters a search of its own found no other point"
    counted = f", proved at {proved} of them" if proved else ""
    return (
        f"{found}{counted}; these branches have constant numbers of points between events "
        f"(decided); of others that begin and end between those parameters nothing is known"
    )


def lost(ends: Ends, parameters: Float[np.ndarray, "b 2"]) -> Iterator[str]:
    """Yield where branches end that should go on; the parameters are those of both ends."""
    for side, reasons in enumerate((ends.first, ends.last)):
        for k in np.flatnonzero(np.isin(reasons, (End.LOST, End.MAX_STEPS, End.JOINED))):
            yield f"branch {k} {End(int(reasons[k])).sentence} at {parameters[k, side]:.6g}"


def unexplained(counts: Counts, checks: Checks, ends: Ends, lefschetz: int | None) -> Iterator[str]:
    """Yield where numbers of points change without an event, and where indices do not add up."""
    near = RESOLUTION * float(counts.high.max(initial=0.0) - counts.low.min(initial=0.0))
    for s, n in zip(checks.parameter, checks.n_branches, strict=True):
        inside = counts.n_points[(counts.low + near < s) & (s < counts.high - near)]
        if len(inside) and inside[0] != n:
            yield f"branches have {inside[0]} points between events, but {n} at {s:.6g}"
    sums = counts.index_sum
    escaped = np.isin(np.append(ends.first, ends.last), End.OUT_OF_BOUNDS).any()
    if not len(sums) or (lefschetz is None and escaped):
        return
    wanted = int(np.median(sums)) if lefschetz is None else lefschetz
    for k in np.flatnonzero(sums != wanted):
        yield (
            f"between {counts.low[k]:.6g} and {counts.high[k]:.6g} indices sum to {sums[k]:+}, "
            f"not {wanted:+}"
        )


def missing(checks: Checks) -> Iterator[str]:
    """Yield where searches found points on no branch, or proofs count others than branches."""
    for k in np.flatnonzero(~checks.agrees):
        points = plural(int(checks.n_missing[k]), "point")
        yield f"at {checks.parameter[k]:.6g} a search found {points} on no branch"
    differs = checks.proved & checks.agrees & (checks.n_branches != checks.n_searched)
    for k in np.flatnonzero(differs):
        yield (
            f"at {checks.parameter[k]:.6g} branches have {checks.n_branches[k]} points, but a "
            f"proof says {checks.n_searched[k]}"
        )
