"""Intervals that remember what they came of: x = m + G z + e, with one z for all of them.

Plain intervals forget that two numbers move together, so a set that is carried through many steps
seems to grow where it only turns. Here every row is the image of one set: of a ball |z|_2 <= 1 in
the first coordinates of z, and of a box |z_k| <= 1 in the others. Only what is not linear, and
rounding, is added to the bounds of e (affine arithmetic: Comba and Stolfi 1993; de Figueiredo and
Stolfi 2004). The text of a cell takes it for an array of intervals, as which it can be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .interval import EPS, TINY, Interval, as_interval, upward

# More than sums of squares lose by underflow, seen through the root.
_LOST = 2.0**-500

# A function is compared with a straight line on so many pieces of its interval.
_PIECES = 8

# What is a smaller part of the bounds than this need not be remembered.
_ROUNDING = 2.0**-20

# A piece around the place where a slope has a value ends so far beside it, relative to the whole.
_BESIDE = 2.0**-20

_Generators = Float[np.ndarray, "n k d"]
_Rows = Float[np.ndarray, "n d"]


@dataclass(frozen=True, eq=False)
class AffineForm(Interval):
    """Rows m + G z + e, shape (n, d), where |e| <= `rest`; read as intervals, their hull.

    Attributes
    ----------
    G
        A matrix for each row, shape (n, k, d).
    n_ball
        So many of the coordinates of z lie in a ball, the others in a box.
    n_shared
        So many are the same in all forms of one step; each form has the others for itself.
    rest
        Bounds of e, shape (n, d).
    known
        Where else the rows are known to lie, or None; their hull is narrower then.

    Examples
    --------
    A disc that is turned there and back is what it was; of its hull twice as much would be left:

    >>> turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    >>> disc = AffineForm.ellipsoid(np.zeros((1, 2)), np.eye(2)[None])
    >>> (disc @ turn @ turn.T).radius.round(12)
    array([[1., 1.]])
    """

    G: _Generators = None  # type: ignore[assignment]
    n_ball: int = 0
    n_shared: int = 0
    rest: _Rows = None  # type: ignore[assignment]
    known: Interval | None = None

    @classmethod
    def ellipsoid(cls, centre: _Rows, R: Float[np.ndarray, "n d k"]) -> AffineForm:
        """Return the sets c + R z with |z|_2 <= 1, one for each row."""
        n_ball = R.shape[2]
        return _form(centre, np.swapaxes(R, 1, 2), n_ball, n_ball, np.zeros_like(centre))

    @classmethod
    def box(cls, centre: _Rows, G: _Generators, rest: _Rows) -> AffineForm:
        """Return the sets c + G z + e with all z in a box, one for each row."""
        return _form(centre, G, 0, G.shape[1], rest)

    @classmethod
    def of(cls, values: Interval) -> AffineForm:
        """Return forms as they are, and of other intervals a form that remembers nothing."""
        if isinstance(values, cls):
            return values
        return _form(values.mid, np.zeros((len(values), 0, values.shape[1])), 0, 0, values.radius)

    # -- what stays linear --------------------------------------------------------------------

    def __neg__(self) -> AffineForm:
        known = None if self.known is None else -self.known
        return replace(self, mid=-self.mid, G=-self.G, known=known)

    def __add__(self, other: Any) -> AffineForm:
        other = as_interval(other)
        mid = self.mid + other.mid
        if not isinstance(other, AffineForm):
            total = self._with(mid, self.G, self.rest + other.radius + EPS * np.abs(mid))
        else:
            first, second = self._aligned(other)
            lost = EPS * (np.abs(mid) + self.radius + other.radius)
            total = self._with(mid, first + second, self.rest + other.rest + lost)
        if not self._knows_more(other):
            return total
        low, high = self.lower + other.lower, self.upper + other.upper
        return total.within(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))

    def __mul__(self, other: Any) -> AffineForm:
        """Return the product, its second order seen from the middles of both hulls."""
        other = as_interval(other)
        first, second = self.hull, other.hull if isinstance(other, AffineForm) else other
        at, other_at = first.mid, second.mid
        mid = self.mid * other_at + at * (other.mid - other_at)
        G = self.G * _over_z(other_at)
        rest = np.abs(other_at) * self.rest + first.radius * second.radius
        lost = (np.abs(at) + np.abs(self.mid) + self.radius) * (np.abs(other_at) + other.radius)
        if isinstance(other, AffineForm):
            G, further = self._aligned(other)
            G = G * _over_z(other_at) + further * _over_z(at)
            rest = rest + np.abs(at) * other.rest
            lost = lost + np.abs(at) * np.abs(other.mid)
        else:
            rest = rest + np.abs(at) * second.radius
        product = self._with(mid, G, rest + 8 * EPS * lost + G.shape[1] * TINY)
        if not self._knows_more(other):
            return product
        return product.within(*_corners(first, second))

    def __matmul__(self, other: Any) -> Any:
        """Return rows times one matrix, shape (d, r), or each times its own, shape (n, d, r)."""
        if not isinstance(other, Interval | np.ndarray):
            return NotImplemented
        weights, terms = as_interval(other), self.shape[1] + 8
        # All generators together lose no more by rounding than the hull of what they make.
        size = Interval(np.abs(self.mid) + self.radius)[:, None]
        lost = size @ (terms * EPS * np.abs(weights.mid) + weights.radius + TINY)
        G, mid = self.G @ weights.mid, (self.mid[:, None] @ weights.mid)[:, 0]
        if not (self.rest > _ROUNDING * self.radius).any():
            lost = lost + Interval(self.rest)[:, None] @ weights.magnitude
        else:  # one e for all that is read of it
            G = np.concatenate([G, _diagonals(self.rest) @ weights.mid], axis=1)
        return self._with(mid, G, lost.magnitude[:, 0] + G.shape[1] * terms * TINY)

    def __rmatmul__(self, other: Any) -> Interval:
        return as_interval(other) @ self.hull

    __radd__ = __add__
    __rmul__ = __mul__

    def __getitem__(self, which: Any) -> Interval:
        """Return some rows or columns as forms; whatever else is asked for, of the hull."""
        rows, columns = which if isinstance(which, tuple) and len(which) == 2 else (which, None)
        if columns is None and not isinstance(rows, tuple):
            columns = slice(None)
        kinds = {type(rows), type(columns)}
        if slice not in kinds or not kinds <= {slice, np.ndarray}:
            return self.hull[which]
        rest = self.rest[rows][:, columns]
        part = self._with(self.mid[rows][:, columns], self.G[rows][:, :, columns], rest)
        if self.known is None:
            return part
        known = self.known[rows][:, columns]
        return part.within(known.lower, known.upper)

    def beside(self, other: Interval) -> AffineForm:
        """Return the columns of two forms, or of a form and intervals, beside each other."""
        if not isinstance(other, AffineForm):
            none = np.zeros((len(self.mid), self.n_shared, other.shape[1]))
            other = _form(other.mid, none, self.n_ball, self.n_shared, other.radius)
        mid, rest = np.hstack([self.mid, other.mid]), np.hstack([self.rest, other.rest])
        return self._with(mid, np.concatenate(self._aligned(other), axis=2), rest)

    # -- what does not ------------------------------------------------------------------------

    def through(
        self,
        function: Callable[[Any], Interval],
        slope: Callable[[Interval], Interval],
        level: Callable[[_Rows], Float[np.ndarray, "j n d"]] | None = None,
    ) -> AffineForm:
        """Return a form of an increasing function's values, given enclosures of it and its slope.

        It is a straight line and what the function differs from it by. That difference is seen at
        the ends of pieces; between them it lies between its ends where it is monotone, and else
        moves by no more than its steepest slope allows on half a piece. If `level` says where,
        nearly, slopes have a value, pieces end on both sides of where the slope is the line's.
        """
        low, high = self.lower, self.upper
        at_low, at_high = function(Interval(low)), function(Interval(high))
        run = high - low
        line = (at_high.mid - at_low.mid) / np.where(run > 0, run, 1.0)
        ends = self._ends(level, line)
        steep = slope(Interval.between(ends[:-1], ends[1:])) - line
        moves = upward(0.5 * (ends[1:] - ends[:-1]) * steep.magnitude)
        moves = np.where(steep.excludes_zero, 0.0, moves)
        values, straight = function(Interval(ends)), line * ends
        bends = values.mid - straight
        lost = upward(values.radius + 4 * EPS * (np.abs(values.mid) + np.abs(straight)))
        least, most = bends - lost, bends + lost
        least = (np.minimum(least[:-1], least[1:]) - moves).min(axis=0)
        most = (np.maximum(most[:-1], most[1:]) + moves).max(axis=0)
        middle, scaled = 0.5 * (least + most), self.mid * line
        mid = scaled + middle
        rest = 0.5 * (most - least) + np.abs(line) * self.rest
        lost = np.abs(scaled) + np.abs(mid) + np.abs(least) + np.abs(most)
        lost = 4 * EPS * (lost + np.abs(line) * self.radius) + self.G.shape[1] * TINY
        form = self._with(mid, self.G * _over_z(line), rest + lost)
        return form.within(at_low.lower, at_high.upper)

    def within(self, lower: _Rows, upper: _Rows) -> AffineForm:
        """Return the same forms, whose values are known to lie between bounds too.

        Where these say more than the form does without its z, they are the form.
        """
        known = Interval.between(np.fmax(lower, self.lower), np.fmin(upper, self.upper))
        bounded = np.isfinite(known.radius)
        known = Interval(
            np.where(bounded, known.mid, self.mid), np.where(bounded, known.radius, self.radius)
        )
        more = ~(known.radius >= self.rest) & bounded  # also where the rest is NaN
        if not more.any():
            return replace(self, known=known)
        mid, rest = np.where(more, known.mid, self.mid), np.where(more, known.radius, self.rest)
        form = self._with(mid, np.where(more[:, None], 0.0, self.G), rest)
        return replace(form, known=known)

    # -- as sets ------------------------------------------------------------------------------

    @property
    def hull(self) -> Interval:
        """The smallest intervals around the rows, or a little more."""
        return Interval(self.mid, self.rad) if self.known is None else self.known

    @property
    def lower(self) -> _Rows:
        return Interval(self.mid, self.rad).lower if self.known is None else self.known.lower

    @property
    def upper(self) -> _Rows:
        return Interval(self.mid, self.rad).upper if self.known is None else self.known.upper

    def _reciprocal(self) -> Interval:
        """Return 1 / x; of x > 0, on which -1 / x increases, as forms."""
        if not (self.lower > 0).all():
            return self.hull._reciprocal()
        return -self.through(
            lambda a: -(1.0 / a), lambda a: 1.0 / (a * a), lambda s: 1 / np.sqrt(s)[None]
        )

    @property
    def length(self) -> Float[np.ndarray, " n"]:
        """A bound of |x|_2 of all x in each row; of the ball, with Frobenius' norm of G."""
        round_part = _root_of_squares(self.G[:, : self.n_ball].reshape(len(self.mid), -1))
        box = _root_of_squares(_sum_of_sizes(self.G[:, self.n_ball :]) + self.rest)
        size = upward(_root_of_squares(np.abs(self.mid)) + round_part + box)
        return np.where(np.isnan(size), np.inf, size)

    def remembered(self, most: int) -> AffineForm:
        """Return sets that hold the rows, with e among the generators, for the next step.

        Of those of the box the `most` largest stay; the others go into a box with sides along the
        axes (Girard 2005).
        """
        n_ball, rest = self.n_ball, self.rest
        G, box = self.G[:, :n_ball], self.G[:, n_ball:]
        if box.shape[1] > most:
            size = np.abs(box)
            order = np.argsort(size.max(axis=2) - size.sum(axis=2), axis=1)[:, :, None]
            box = np.take_along_axis(box, order, axis=1)
            rest, box = upward(rest + _sum_of_sizes(box[:, most:])), box[:, :most]
        G = np.concatenate([G, box, _diagonals(rest)], axis=1)
        return _form(self.mid, G, n_ball, G.shape[1], np.zeros_like(rest))

    # -- inside -------------------------------------------------------------------------------

    def _ends(
        self, level: Callable[[_Rows], Float[np.ndarray, "j n d"]] | None, line: _Rows
    ) -> Float[np.ndarray, "p n d"]:
        """Return ends of pieces of the hull, in order: of equal ones if there is no `level`."""
        low, high = self.lower, self.upper
        if level is None:
            shares = np.arange(_PIECES)[:, None, None] / _PIECES
            return np.concatenate([low + (high - low) * shares, high[None]])
        beside = _BESIDE * (high - low)
        with np.errstate(all="ignore"):  # what is not finite is as good as an end
            turning = np.clip(np.nan_to_num(level(line)), low, high)
        pairs = np.stack([turning - beside, turning + beside], axis=1)
        inner = np.clip(pairs.reshape(-1, *low.shape), low, high)
        return np.concatenate([low[None], np.sort(inner, axis=0), high[None]])

    def _with(self, mid: _Rows, G: _Generators, rest: _Rows) -> AffineForm:
        return _form(mid, G, self.n_ball, self.n_shared, upward(rest, 16))

    def _knows_more(self, other: Interval) -> bool:
        """Whether of one of two forms more is known than it says itself."""
        return self.known is not None or getattr(other, "known", None) is not None

    def _aligned(self, other: AffineForm) -> tuple[_Generators, _Generators]:
        """Return the generators of two forms in one order: shared ones, those of each alone."""
        first, second, n = self.G, other.G, self.n_shared
        if other.n_shared != n:
            raise ValueError("these forms are of different steps, so their z is not the same")
        if first.shape[1] == n == second.shape[1]:
            return first, second
        gap = np.zeros((len(first), second.shape[1] - n, first.shape[2]))
        other_gap = np.zeros((len(second), first.shape[1] - n, second.shape[2]))
        return (
            np.concatenate([first, gap], axis=1),
            np.concatenate([second[:, :n], other_gap, second[:, n:]], axis=1),
        )


def _form(mid: _Rows, G: _Generators, n_ball: int, n_shared: int, rest: _Rows) -> AffineForm:
    """Return a form with its hull."""
    rest = np.where(np.isfinite(mid), rest, np.inf)  # a sum may overflow midway
    rad = _sum_of_sizes(G[:, n_ball:]) + rest
    if n_ball:
        ball = G[:, :n_ball]
        rad = rad + upward(np.sqrt(np.einsum("nkd,nkd->nd", ball, ball)), n_ball + 8) + _LOST
    rad = upward(rad)
    return AffineForm(mid, rad, G, n_ball, n_shared, rest)


def _sum_of_sizes(G: _Generators) -> _Rows:
    return upward(np.abs(G).sum(axis=1), G.shape[1] + 8)


def _root_of_squares(sizes: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    return upward(np.sqrt((sizes * sizes).sum(axis=1)), sizes.shape[1] + 8) + _LOST


def _diagonals(rest: _Rows) -> _Generators:
    return rest[:, :, None] * np.eye(rest.shape[1])


def _corners(first: Interval, second: Interval) -> tuple[_Rows, _Rows]:
    """Return bounds of all products: the least and the largest are of ends."""
    ends = [(a, b) for a in (first.lower, first.upper) for b in (second.lower, second.upper)]
    products = np.stack([a * b for a, b in ends])
    low, high = products.min(axis=0), products.max(axis=0)
    return np.nextafter(low, -np.inf), np.nextafter(high, np.inf)


def _over_z(factor: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return factors of rows as factors of their generators."""
    return factor[..., None, :]
