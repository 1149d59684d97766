"""The points of branches at one parameter, as the record that a search gives."""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Float

from ..branches.bordered import Along
from ..branches.crossing import crossing
from ..branches.path import Parameters, Path
from ..errors import StillpointWarning
from ..points import FixedPoints
from ..search.find import find_fixed_points
from ..system import System

States = Float[np.ndarray, "k d"]


@np.errstate(all="ignore")
def points_at(
    system: System,
    path: Path,
    s: float,
    before: tuple[States, Parameters],
    after: tuple[States, Parameters],
    size: float,
) -> FixedPoints:
    """Return the points at a parameter, from states before and behind it on each branch."""
    along = Along(system, path, size)
    piece = path.piece((before[1] + after[1]) / 2)
    ends = along.from_states(*before), along.from_states(*after)
    z = crossing(along, *ends, piece, s)
    states = along.states(z, piece) if len(z) else np.zeros((1, system.state_size))
    made, u = path.at(system, s)
    inputs = np.tile(u, (len(states), 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # there may be no point at all
        points = find_fixed_points(made, states, inputs, rounds=0, orbits=False, progress=False)
    return points if len(z) else points[:0]


def size_of(states: States) -> float:
    """Return how large states are: the largest norm, or 1 where all of them are zero."""
    return float(np.linalg.norm(states, axis=1).max(initial=0.0)) or 1.0
