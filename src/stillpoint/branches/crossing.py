"""Where branches come through a parameter, from the places before and behind it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import elementwise

from .bordered import Along, Places, at_parameter, correct
from .path import Pieces

# A place found at a parameter lies this near to where the chord says, in lengths of the chord, or
# is looked for along the branch: beside a fold there are two.
_NEAR = 0.1

# Found along the branch, a place moves no further than this when sharpened, in sizes of states.
_STAYS = 1e-6


def passed(ahead: Float[np.ndarray, " n"], *, is_closed: bool) -> Int[np.ndarray, " k"]:
    """Return the places of a branch behind which it comes through a parameter.

    `ahead` says how far beyond it each place is. Places at corners are there twice, and count once.

    Examples
    --------
    >>> passed(np.array([-1.0, 1.0, 0.0, 0.0, -2.0, 0.0]), is_closed=False)
    array([0, 3, 5])
    """
    through = ahead[:-1] * ahead[1:] < 0
    there = (ahead[:-1] == 0) & (ahead[1:] != 0)
    last = len(ahead) > 0 and ahead[-1] == 0 and not is_closed
    return np.flatnonzero(np.append(through | there, last))


def crossing(along: Along, before: Places, after: Places, piece: Pieces, s: float) -> Places:
    """Return the places of branches at a parameter that lies between two of their places."""
    if not len(before):
        return before
    sigma, chord = s * along.weight, after - before
    with np.errstate(all="ignore"):
        share = np.where(before[:, -1] == sigma, 0.0, (sigma - before[:, -1]) / chord[:, -1])
    guess, length = before + share[:, None] * chord, np.linalg.norm(chord, axis=1)
    found = at_parameter(along, guess, np.full(len(before), s), piece)
    moved = np.linalg.norm(found.z - guess, axis=1)
    far = np.flatnonzero(~found.reached | (moved > _NEAR * length + 1e-12 * along.size))
    far = far[length[far] > 0]
    if not len(far):
        return found.z
    way = chord[far] / length[far, None]

    def on_plane(part: Float[np.ndarray, " j"], row: Float[np.ndarray, " j"]) -> Places:
        k = row.astype(np.int64)
        anchor = before[far[k]] + part[:, None] * way[k]
        return correct(along, anchor, way[k], anchor, piece[far[k]]).z

    rows = np.arange(float(len(far)))
    roots = elementwise.find_root(
        lambda part, row: on_plane(part, row)[:, -1] - sigma,
        (np.zeros(len(far)), length[far]),
        args=(rows,),
    )
    there = on_plane(np.nan_to_num(roots.x), rows)
    sharp = at_parameter(along, there, np.full(len(far), s), piece[far])
    stays = sharp.reached & (np.linalg.norm(sharp.z - there, axis=1) < _STAYS * along.size)
    places = found.z.copy()
    places[far] = np.where(stays[:, None], sharp.z, there)
    return places
