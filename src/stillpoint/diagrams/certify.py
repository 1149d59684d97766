"""Proofs of the events of a diagram, where the network's step can be enclosed."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..branches.bordered import Along
from ..branches.events import EventKind, Located
from ..branches.path import InputPath
from ..branches.solution import Points
from ..cells import StackedCell
from ..dynamics import Dynamics
from ..proofs.events import Claim, prove_event
from ..system import innermost

# Larger systems of equations take too long to enclose.
_LARGEST = 128

_PAIRS = (EventKind.NEIMARK_SACKER, EventKind.HOPF)
_PROVABLE = (EventKind.FOLD, EventKind.FLIP, *_PAIRS)


def proved_intervals(along: Along, events: Located) -> Float[np.ndarray, "e 2"]:
    """Return parameters between which events of points are proved to lie, NaN where they are not.

    Crossings of branches are not: they are there in networks with a symmetry alone, which no
    enclosure has.
    """
    intervals = np.full((len(events.z), 2), np.nan)
    path, dynamics = along.path, along.system.dynamics
    if not isinstance(along.solution, Points) or not isinstance(path, InputPath):
        return intervals
    if dynamics.state_size >= _LARGEST or _has_kinks(dynamics):
        return intervals
    exact = dynamics.interval_extension()
    if exact is None:
        return intervals
    for k in np.flatnonzero(np.isin(events.kind, _PROVABLE)):
        piece = int(events.piece[k])
        claim = Claim(
            *_place(along, exact, events.z[k], events.tangent[k], piece),
            turns=bool(events.kind[k] == EventKind.FOLD),
            is_pair=bool(np.isin(events.kind[k], _PAIRS)),
        )
        try:
            found = prove_event(
                exact,
                claim,
                (path.inputs[piece], path.inputs[piece + 1]),
                (float(path.corners[piece]), float(path.corners[piece + 1])),
                along.weight,
                along.size,
            )
        except NotImplementedError:  # equations whose slopes in the inputs are not known
            return intervals
        if found is not None:
            intervals[k] = found
    return intervals


def _place(
    along: Along,
    exact: Dynamics,
    z: Float[np.ndarray, " z"],
    tangent: Float[np.ndarray, " z"],
    piece: int,
) -> tuple[Float[np.ndarray, " z"], Float[np.ndarray, " z"]]:
    """Return a place and its tangent in the unknowns of the equations over intervals.

    Those of several steps have the first state alone, which is what unknowns begin with.
    """
    if exact.n_nodes == 1:
        return z, tangent
    x = along.states(z[None], np.array([piece]))[0]
    way = np.append(tangent[: len(x)], tangent[-1])
    return np.append(x, z[-1]), way / np.linalg.norm(way)


def _has_kinks(dynamics: Dynamics) -> bool:
    """Whether slopes of a network jump somewhere, so that eigenvalues cross borders by jumps."""
    cell = innermost(dynamics)
    if isinstance(cell, StackedCell):
        return any(map(_has_kinks, cell.layers))
    return getattr(cell, "phi", "") == "relu" or cell.piecewise_linear() is not None
