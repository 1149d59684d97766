"""Branches of piecewise-linear networks along inputs: straight from kink to kink, and exact.

Between kinks the equations are linear, so a branch is a straight line; where it comes to a kink of
some unit, that unit's share changes from 0 to 1 or back, and the branch goes on to the other side
of the kink (di Bernardo, Budd, Champneys and Kowalczyk 2008, chapter 3).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from .._core.arrays import solve_rows
from ..dynamics import PiecewiseLinear
from .bordered import Along, Place, Places
from .curves import Curve
from .ends import End
from .events import EventKind, Located
from .spans import n_unstable
from .walk import Leg

# A drive is zero where rounding leaves no more of what it is a sum of, relatively; places that are
# as near to each other are one.
_ROUNDING = 1e-12


class _Lines:
    """The equations and drives of a network on one piece of a path, in places z = (x, parameter).

    On a region where drives have shares 0 or 1 the equations are E z + e = 0; drives are D z + d.
    """

    def __init__(self, form: PiecewiseLinear, along: Along, piece: int) -> None:
        path = along.path
        s = path.corners[piece : piece + 1]
        _, _, u = next(iter(path.groups(along.system, s, np.array([piece]))))
        _, _, ahead = next(iter(path.groups(along.system, s + 1, np.array([piece]))))
        way, start = (ahead - u)[0] / along.weight, u[0] - s[0] * (ahead - u)[0]
        self.form, self.way = form, way
        self.D = np.concatenate([form.K, (form.K_u @ way)[:, None]], axis=1)
        self.d = form.K_u @ start + form.k
        self.c = form.M_u @ start + form.c

    def drives(self, z: Place) -> Float[np.ndarray, " h"]:
        return self.D @ z + self.d

    def at_kink(self, z: Place) -> Bool[np.ndarray, " h"]:
        """Return which drives are zero, to rounding."""
        size = np.abs(self.D) @ np.abs(z) + np.abs(self.d)
        return np.asarray(np.abs(self.drives(z)) <= _ROUNDING * size + 1e-300)

    def slopes(self, share: Bool[np.ndarray, " h"]) -> Float[np.ndarray, "d z"]:
        """Return E on a region."""
        active = self.form.L * share
        in_s = active @ (self.form.K_u @ self.way) + self.form.M_u @ self.way
        return np.concatenate([active @ self.form.K + self.form.M, in_s[:, None]], axis=1)

    def direction(self, share: Bool[np.ndarray, " h"], border: Place) -> Place:
        """Return the direction of the branch on a region, on the side of `border`."""
        matrix = np.concatenate([self.slopes(share), border[None]])
        unit = np.zeros(len(border))
        unit[-1] = 1.0
        way: Place = solve_rows(matrix[None], unit[None])[0]
        return way / np.linalg.norm(way)


def off_kinks(form: PiecewiseLinear, along: Along, z: Places) -> Places:
    """Return places on branches, those at kinks moved along the branch: one may turn around there.

    A branch that does has two lines on one side of the parameter and none on the other.
    """
    z, pieces = z.copy(), along.path.piece(along.parameters(z))
    for k, piece in enumerate(pieces):
        lines = _Lines(form, along, int(piece))
        is_open = lines.at_kink(z[k])
        bounds = along.path.corners[piece : piece + 2] * along.weight
        for sign in (1.0, -1.0) if is_open.any() else ():
            share, way = _first(lines, z[k], sign * np.eye(len(z[k]))[-1])
            if not np.isfinite(way).all():
                continue
            _, length = _next_kink(lines, z[k], way, share)
            ahead = min(length, (bounds[int(sign > 0)] - z[k, -1]) / way[-1], along.size) / 2
            if (((lines.D @ way > 0) == share) | ~is_open).all() and ahead > 0:
                z[k] += ahead * way
                break
    return z


def walk_straight(
    form: PiecewiseLinear,
    along: Along,
    z: Places,
    upward: Bool[np.ndarray, " n"],
    low: Float[np.ndarray, " n"],
    high: Float[np.ndarray, " n"],
    *,
    max_steps: int,
    max_norm: float,
) -> list[Leg]:
    """Return where branches lead from places on them, as `walk` does."""
    pieces = along.path.piece((low + high) / 2)
    lines = {int(k): _Lines(form, along, int(k)) for k in np.unique(pieces)}
    bounds = zip(low * along.weight, high * along.weight, strict=True)
    return [
        _leg(lines[int(k)], int(k), start, bool(up), between, max_steps, max_norm * along.size)
        for k, start, up, between in zip(pieces, z, upward, bounds, strict=True)
    ]


def _leg(
    lines: _Lines,
    piece: int,
    z: Place,
    upward: bool,
    between: tuple[float, float],
    max_steps: int,
    largest: float,
) -> Leg:
    """Return one walk from kink to kink."""
    border = np.zeros_like(z)
    border[-1] = 1.0 if upward else -1.0
    share, way = _first(lines, z, border)
    places, tangents = [z], [way]
    for _ in range(max_steps):
        if not np.isfinite(way).all():
            return Leg(np.array(places), np.array(tangents), piece, End.LOST)
        unit, length = _next_kink(lines, z, way, share)
        bound = between[1] if way[-1] > 0 else between[0]
        left = (bound - z[-1]) / way[-1] if way[-1] else np.inf
        if not np.isfinite(min(left, length)):  # no kink ahead, and the parameter stands still
            return Leg(np.array(places), np.array(tangents), piece, End.OUT_OF_BOUNDS)
        if left <= length:
            z = z + left * way
            z[-1] = bound
            return Leg(np.array([*places, z]), np.array([*tangents, way]), piece, None)
        z = z + length * way
        places.append(z)
        if np.abs(z[:-1]).max() > largest:
            return Leg(np.array(places), np.array([*tangents, way]), piece, End.OUT_OF_BOUNDS)
        share = share.copy()
        share[unit] = ~share[unit]
        onward = lines.D[unit] * (1.0 if share[unit] else -1.0)
        way = lines.direction(share, onward)
        tangents.append(way)
    return Leg(np.array(places), np.array(tangents), piece, End.MAX_STEPS)


def _first(lines: _Lines, z: Place, border: Place) -> tuple[Bool[np.ndarray, " h"], Place]:
    """Return the region into which a branch leads from a place, and its direction.

    A drive that is zero there is on the side to which the direction takes it.
    """
    share, open_ = lines.drives(z) > 0, lines.at_kink(z)
    way = lines.direction(share, border)
    for _ in range(int(open_.sum())):
        wrong = open_ & ((lines.D @ way > 0) != share)
        if not wrong.any():
            break
        share = np.where(wrong, ~share, share)
        way = lines.direction(share, border)
    return share, way


def _next_kink(
    lines: _Lines, z: Place, way: Place, share: Bool[np.ndarray, " h"]
) -> tuple[int, float]:
    """Return which drive vanishes first on a line, and how far on."""
    drives, rates = lines.drives(z), lines.D @ way
    towards = np.where(share, rates < 0, rates > 0)
    with np.errstate(all="ignore"):
        length = np.where(towards, np.maximum(-drives / rates, 0.0), np.inf)
    unit = int(length.argmin()) if len(length) else 0
    return unit, float(length[unit]) if len(length) else np.inf


def straightened(curve: Curve) -> Curve:
    """Return a branch of lines, with tangents behind each place; kinks in one place are one."""
    apart = np.linalg.norm(np.diff(curve.z, axis=0), axis=1)
    same = (apart <= _ROUNDING * np.abs(curve.z).max()) & (np.diff(curve.piece) == 0)
    kept = np.concatenate([[True], ~same])
    if kept.sum() < 2:
        return curve
    curve = Curve(curve.z[kept], curve.tangent[kept], curve.piece[kept], curve.ends)
    ways = np.diff(curve.z, axis=0)
    length = np.linalg.norm(ways, axis=1)
    tangent = curve.tangent.copy()
    long = length > 0
    tangent[:-1][long] = ways[long] / length[long, None]
    return Curve(curve.z, tangent, curve.piece, curve.ends)


def eigenvalues_between(along: Along, curve: Curve) -> Complex[np.ndarray, "n m"]:
    """Return the eigenvalues on the line behind each place, and at the last one those before it."""
    behind = np.minimum(np.arange(1, len(curve.z) + 1), len(curve.z) - 1)
    middle = (curve.z + curve.z[behind]) / 2
    values = along.eigenvalues(middle, curve.piece)
    values[-1] = values[max(len(values) - 2, 0)]
    return values


def events_at_kinks(
    along: Along, curve: Curve, values: Complex[np.ndarray, "n m"]
) -> tuple[Located, Int[np.ndarray, " e"]]:
    """Return what happens at kinks, and at which places of the branch."""
    n, turn = n_unstable(along, values), np.sign(curve.tangent[:, -1])
    inner = np.arange(1, len(curve.z) - 1)
    inner = inner[curve.piece[inner] == curve.piece[inner - 1]]
    turns, changes = turn[inner] * turn[inner - 1] < 0, n[inner] != n[inner - 1]
    place = inner[turns | changes]
    kind = np.where(turns, EventKind.BORDER_FOLD, EventKind.BORDER_COLLISION)[turns | changes]
    located = Located(
        curve=np.zeros(len(place), dtype=np.int64),
        after=place,
        z=curve.z[place],
        tangent=curve.tangent[place],
        piece=curve.piece[place],
        kind=kind.astype(np.int64),
        eigenvalue=np.full(len(place), complex(np.nan, np.nan)),
        n_before=n[place - 1],
        n_after=n[place],
        beyond=values[place],
    )
    return located, place
