"""How a slow manifold reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .record import SlowManifold


def told(manifold: SlowManifold) -> str:
    """Return the lines that the `repr` of `SlowManifold` shows."""
    per_time = "per step" if manifold.kind == "map" else "per unit time"
    unit = "" if manifold.kind == "flow" or manifold.dt is not None else " steps"
    symbol = "lambda" if manifold.kind == "map" else "Re lambda"
    size = "|lambda|" if manifold.kind == "map" else "Re lambda"
    real = manifold.eigenvalues.real
    low, high = float(np.nanmin(real)), float(np.nanmax(real))
    slow = f"{low:.4f}" if f"{low:.4f}" == f"{high:.4f}" else f"{low:.4f} to {high:.4f}"
    lines = {
        "": f"slow manifold: {_form(manifold)}",
        "drift": f"mean {manifold.mean_drift:.2g}, at most {manifold.max_drift:.2g} {per_time}"
        f"{_rests(manifold)}",
        "memory": f"{manifold.memory_time:.3g}{unit} to drift along it, as far as it was followed"
        if np.isfinite(manifold.memory_time)
        else "for ever: nothing drifts",
        "slow mode" if manifold.dimension == 1 else "slow modes": f"{symbol} {slow}",
        "transverse": f"{size} at most {float(np.nanmax(manifold.transverse)):.4f}, "
        + (
            f"decays within {manifold.decay_time:.2g}{unit}"
            if np.isfinite(manifold.decay_time)
            else "does not decay"
        ),
        "ends": _ends(manifold),
    }
    return "\n".join(f"{name:<12}{text}" if name else text for name, text in lines.items())


def _form(manifold: SlowManifold) -> str:
    extent = manifold.extent
    measured = (
        f"{extent[0]:.3g} x {extent[1]:.3g}"
        if isinstance(extent, tuple)
        else f"of length {extent:.3g}"
    )
    d, nodes = manifold.states.shape[-1], len(manifold)
    return (
        f"{manifold.shape} {measured} in {d} state{'s' if d != 1 else ''}, "
        f"{nodes} node{'s' if nodes != 1 else ''}"
    )


def _rests(manifold: SlowManifold) -> str:
    if manifold.dimension == 2 or not np.isfinite(manifold.memory_time):
        return ""
    rests = manifold.rests
    if not len(rests):
        return "; no place of rest"
    attract = int(rests.attracts.sum())
    counts = [(attract, "attract"), (len(rests) - attract, "repel")]
    parts = [f"{n} {verb}{'s' if n == 1 else ''}" for n, verb in counts if n]
    return f"; {len(rests)} place{'s' if len(rests) != 1 else ''} of rest ({', '.join(parts)})"


def _ends(manifold: SlowManifold) -> str:
    if manifold.shape == "ring":
        return manifold.ends[0].sentence
    spine = "; ".join(end.sentence for end in manifold.ends[:2])
    if manifold.dimension == 1:
        return spine
    return f"{spine}; across, mostly: {'; '.join(end.sentence for end in manifold.ends[2:])}"
