"""How a set of points reads: one line of counts, then one line for each point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..intervals.spectrum import UNDECIDED
from ..proofs import Certificate, Finding

if TYPE_CHECKING:
    from .fixed_points import FixedPoints
    from .slow_points import SlowPoints

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
    several = bool((points.inputs != points.inputs[:1]).any())
    proofs = proof_column(points)
    lines.append(
        f"{'':>5} {'unstable':>8} {'hits':>6} {'q':>8} {'max|λ|':>8} {'index':>5} {proofs[0]} x"
    )
    largest = np.abs(points.eigenvalues).max(axis=1)
    for k in range(min(len(points), _ROWS)):
        lines.append(
            f"{k:>5} {points.n_unstable[k]:>8} {points.hits[k]:>6} {points.q[k]:>8.0e} "
            f"{largest[k]:>8.4f} {points.index[k]:>+5} {proofs[1 + k]} {_position(points.xstar[k])}"
            f"{f'  under {_position(points.inputs[k])}' if several else ''}"
        )
    undecided = points.on_kink & ~points.is_stable
    if undecided.any():
        lines.append(
            f"{int(undecided.sum())} on a kink of ReLU, where one Jacobian does not decide "
            f"stability; it is shown for one side"
        )
    if points.certificate is not None:
        lines.append(proof_sentence(points.certificate))
    if points.exhaustion and not points.is_selection:
        lines.append(f"as a set: {points.census().completeness.sentence}")
    return "\n".join([*lines, *_rest(points)])


def proof_column(points: FixedPoints) -> list[str]:
    """Return the heading and the entries of the proof column, all empty without a certificate.

    An entry is the radius of the box in which the point is proved to lie (±) or estimated to (~).
    """
    certificate = points.certificate
    if certificate is None:
        return [""] * (1 + len(points))
    entries = [
        "none" if np.isnan(radius) else f"{'±' if proved else '~'} {radius:.0e}"
        for radius, proved in zip(certificate.radius_exists, certificate.proved, strict=True)
    ]
    return [f"{entry:>8} " for entry in ("proof", *entries)]


def proof_sentence(certificate: Certificate) -> str:
    """Return what a certificate proves, and why it does not prove the rest.

    Examples
    --------
    >>> proof_sentence(Certificate.without_proof(2, 1, Finding.BLACK_BOX)).split(";")[0]
    '0 of 2 proved to exist'
    """
    n, certain = len(certificate), certificate.proved
    told = (
        "all proved to exist" if certain.all() else f"{int(certain.sum())} of {n} proved to exist"
    )
    if certain.any():
        known = int((certificate.n_unstable_proved[certain] != UNDECIDED).sum())
        told += ", all distinct" if certificate.distinct[certain].all() else ", not all told apart"
        told += f"; their unstable directions proved for {known} of {int(certain.sum())}"
    for reason, count in Counter(certificate.reason[~certain].tolist()).most_common():
        told += f"; not proved: {count} ({Finding(reason).sentence})"
    undecided = certificate.stability_reason[certain & (certificate.n_unstable_proved == UNDECIDED)]
    for reason, count in Counter(undecided.tolist()).most_common():
        told += f"; stability open: {count} ({Finding(reason).sentence})"
    return told


def slow_proof_sentence(certificate: Certificate, label: np.ndarray) -> str:
    """Return what a certificate of slow points proves.

    Examples
    --------
    >>> slow_proof_sentence(Certificate.without_proof(1, 1, Finding.BLACK_BOX), np.array(["ghost"]))
    'proved: 0 of 0 fixed points; no fixed point around 0 of 1 others'
    """
    fixed = label == "fixed point"
    empty = certificate.radius_empty[~fixed]
    told = f"proved: {int(certificate.proved[fixed].sum())} of {int(fixed.sum())} fixed points"
    told += f"; no fixed point around {int((empty > 0).sum())} of {len(empty)} others"
    if (empty > 0).any():
        told += f", within {empty[empty > 0].min():.1e} or more"
    return told


def slow_table(points: SlowPoints) -> str:
    """Return the table that the `repr` of `SlowPoints` shows."""
    if not len(points):
        return f"no minimum of the speed\n{points.starts!r}"
    told = Counter(points.label.tolist())
    plural = {"fixed point": "fixed points", "ghost": "ghosts"}
    parts = [
        f"{count} {label if count == 1 else plural.get(label, f'samples of a {label}')}"
        for label, count in told.items()
    ]
    noun = "minimum" if len(points) == 1 else "minima"
    lines = [f"{len(points)} {noun} of the speed: {', '.join(parts)}"]
    lines.append(
        f"{'':>5} {'':<11} {'hits':>6} {'speed':>8} {'slope':>8} {'bend':>8} {'dwell':>8} "
        f"{'max|λ|':>8} {'kinks':>5}  x"
    )
    largest = np.abs(points.eigenvalues).max(axis=1)
    for k in range(min(len(points), _ROWS)):
        lines.append(
            f"{k:>5} {points.label[k]:<11} {points.hits[k]:>6} {points.speed[k]:>8.1e} "
            f"{points.gradient_norm[k]:>8.0e} {points.curvature[k]:>8.1e} "
            f"{points.dwell_time[k]:>8.3g} {largest[k]:>8.4f} {points.n_kinks[k]:>5}  "
            f"{_position(points.xstar[k])}"
        )
    if points.certificate is not None:
        lines.append(slow_proof_sentence(points.certificate, points.label))
    return "\n".join([*lines, *_rest(points)])


def _position(x: np.ndarray) -> str:
    more = ", ..." if len(x) > _COLUMNS else ""
    return f"({', '.join(f'{value:+.3f}' for value in x[:_COLUMNS])}{more})"


def _rest(points: FixedPoints | SlowPoints) -> list[str]:
    """Return what a table leaves out: starts that ended elsewhere, and further rows."""
    lines = []
    elsewhere = points.starts.point < 0
    if elsewhere.any() and not points.is_selection:
        counts = points.starts.take(np.flatnonzero(elsewhere)).counts()
        told = "; ".join(f"{count} {status.sentence}" for status, count in counts.items())
        lines.append(f"of {len(points.starts)} starts {told}")
    if len(points) > _ROWS:
        lines.append(f"  ... and {len(points) - _ROWS} more")
    return lines


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
