"""Intervals in midpoint-radius form, with a bound on every rounding error in the radius.

A number x of the interval satisfies |x - mid| <= rad. Midpoints are rounded to nearest as always;
what that can lose is bounded beforehand and added to the radius (Rump 1999, "Fast and parallel
interval arithmetic"; Jeannerod and Rump 2013 for sums and products of any order). Products of
matrices are products of their midpoints and radii, so they run at the speed of BLAS.

What is assumed of the machine: IEEE 754 binary64, rounding to nearest, gradual underflow, and
matrix products that add up the n products of each entry in some order, fused or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Bool, Float

#: Twice the largest relative error of one operation.
EPS = 2.0**-52

#: More than any operation loses by underflow: the smallest normal number.
TINY = 2.0**-1022

_Box = Float[np.ndarray, "..."]
_Value = TypeVar("_Value", float, np.ndarray)


def upward(value: _Value, operations: int = 8) -> _Value:
    """Return a bound of what `operations` roundings of non-negative terms made `value` lose."""
    return value * (1 + operations * EPS) + TINY


@dataclass(frozen=True, eq=False)
class Interval:
    """An array of intervals [mid - rad, mid + rad].

    It follows the array API as far as networks use it, so that a cell's text takes it for an array.

    Parameters
    ----------
    mid
        Midpoints, float64.
    rad
        Radii of the same shape, none negative; None for numbers that are exact.

    Examples
    --------
    >>> third = Interval(np.ones(1)) / 3.0
    >>> bool(third.lower[0] < third.upper[0])  # no floating-point number is 1/3
    True
    """

    mid: Float[np.ndarray, "..."]
    rad: Float[np.ndarray, "..."] | None = None

    #: The functions of the array API for intervals. They are made of intervals, so `namespace.py`
    #: sets it when the package is imported.
    namespace: ClassVar[ModuleType]

    # NumPy's operators leave an expression with an interval to those below.
    __array_ufunc__ = None

    @classmethod
    def between(cls, lower: _Box, upper: _Box) -> Interval:
        """Return the intervals between two bounds."""
        mid = lower + 0.5 * (upper - lower)
        return cls(mid, np.nextafter(np.maximum(upper - mid, mid - lower), np.inf))

    # -- as an array --------------------------------------------------------------------------

    def __array_namespace__(self, api_version: str | None = None) -> ModuleType:
        return Interval.namespace

    @property
    def shape(self) -> tuple[int, ...]:
        return self.mid.shape

    @property
    def ndim(self) -> int:
        return self.mid.ndim

    @property
    def dtype(self) -> np.dtype:
        return self.mid.dtype

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def T(self) -> Interval:  # noqa: N802
        return self.each(lambda part: part.T)

    def __len__(self) -> int:
        return len(self.mid)

    def __getitem__(self, which: Any) -> Interval:
        return self.each(lambda part: part[which])

    def each(self, rearrange: Any) -> Interval:
        """Return the intervals with midpoints and radii rearranged in the same way."""
        return Interval(rearrange(self.mid), None if self.rad is None else rearrange(self.rad))

    # -- as sets ------------------------------------------------------------------------------

    @property
    def radius(self) -> _Box:
        """The radii, zero where the numbers are exact."""
        return np.zeros_like(self.mid) if self.rad is None else self.rad

    @property
    def lower(self) -> _Box:
        """A lower bound of every interval; minus infinity where an overflow left none."""
        bound = self.mid
        if self.rad is not None:
            bound = np.nextafter(self.mid - self.rad, -np.inf)
        return np.where(np.isnan(bound), -np.inf, bound)

    @property
    def upper(self) -> _Box:
        """An upper bound of every interval; infinity where an overflow left none."""
        bound = self.mid
        if self.rad is not None:
            bound = np.nextafter(self.mid + self.rad, np.inf)
        return np.where(np.isnan(bound), np.inf, bound)

    @property
    def magnitude(self) -> _Box:
        """The largest absolute value in every interval, or a little more."""
        size = np.abs(self.mid)
        return size if self.rad is None else upward(size + self.rad)

    @property
    def excludes_zero(self) -> Bool[np.ndarray, "..."]:
        """Where zero is certainly not in the interval."""
        return np.abs(self.mid) > self.radius

    @property
    def is_zero(self) -> Bool[np.ndarray, "..."]:
        """Where the interval is zero alone."""
        return (self.mid == 0) & (self.radius == 0)

    def contains(self, values: _Box) -> Bool[np.ndarray, "..."]:
        """Return where `values` certainly lie in the interval."""
        distance = np.abs(values - self.mid)
        return (distance == 0) | (upward(distance) <= self.radius)

    # -- arithmetic ---------------------------------------------------------------------------

    def __neg__(self) -> Interval:
        return Interval(-self.mid, self.rad)

    def __add__(self, other: Any) -> Interval:
        other = as_interval(other)
        mid = self.mid + other.mid
        return Interval(mid, upward(self.radius + other.radius + EPS * np.abs(mid)))

    def __sub__(self, other: Any) -> Interval:
        return self + (-as_interval(other))

    def __rsub__(self, other: Any) -> Interval:
        return as_interval(other) + (-self)

    def __mul__(self, other: Any) -> Interval:
        if other is self:  # a square: the two factors are one and the same number
            return self._square()
        other = as_interval(other)
        mid = self.mid * other.mid
        rad = EPS * np.abs(mid)
        if self.rad is not None:
            rad = rad + self.rad * np.abs(other.mid)
        if other.rad is not None:
            rad = rad + (np.abs(self.mid) + self.radius) * other.rad
        return Interval(mid, upward(rad, 16))

    def __truediv__(self, other: Any) -> Interval:
        return self * as_interval(other)._reciprocal()

    def __rtruediv__(self, other: Any) -> Interval:
        return as_interval(other) * self._reciprocal()

    def __matmul__(self, other: Any) -> Interval:
        if not isinstance(other, Interval | np.ndarray):
            return NotImplemented
        other = as_interval(other)
        terms = self.shape[-1] + 8
        mid = np.matmul(self.mid, other.mid)
        size, other_size = np.abs(self.mid), np.abs(other.mid)
        # The rounding of the product of the midpoints; what underflows here is less than TINY.
        spread = terms * EPS * other_size + TINY
        if other.rad is not None:
            spread = spread + other.rad
        rad = np.matmul(size, spread)
        if self.rad is not None:
            rad = rad + np.matmul(self.rad, other_size + other.radius)
        rad = upward(rad, 4 * terms) + terms * TINY
        return Interval(mid, np.where(np.isfinite(mid), rad, np.inf))  # a sum may overflow midway

    def __rmatmul__(self, other: Any) -> Interval:
        return as_interval(other) @ self

    __radd__ = __add__
    __rmul__ = __mul__

    def _square(self) -> Interval:
        size, rad = np.abs(self.mid), self.radius
        low = np.maximum(0.0, np.nextafter(size - rad, -np.inf))
        high = np.nextafter(size + rad, np.inf)
        lower = np.maximum(0.0, np.nextafter(low * low, -np.inf))
        return Interval.between(lower, np.nextafter(high * high, np.inf))

    def _reciprocal(self) -> Interval:
        size, rad = np.abs(self.mid), self.radius
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mid = 1.0 / self.mid
            room = (size - rad) * (1 - 4 * EPS)  # a lower bound of all moduli
            spread = rad / size / room + EPS * np.abs(mid)
            spread = np.where(room > 0, upward(spread, 16), np.inf)
        return Interval(mid, spread)

    # -- two of them --------------------------------------------------------------------------

    def intersection(self, other: Interval) -> Interval:
        """Return what two intervals that meet have in common; where `other` is NaN, `self`."""
        lower, upper = np.fmax(self.lower, other.lower), np.fmin(self.upper, other.upper)
        return Interval.between(lower, upper)

    def is_inside(self, other: Interval) -> Bool[np.ndarray, "..."]:
        """Return where an interval certainly lies in the interior of another."""
        return upward(np.abs(self.mid - other.mid) + self.radius) < other.radius

    def is_apart(self, other: Interval) -> Bool[np.ndarray, "..."]:
        """Return where two intervals certainly have no number in common."""
        return (self.upper < other.lower) | (other.upper < self.lower)


def as_interval(values: Any) -> Interval:
    """Return an interval, or exact numbers as one."""
    if isinstance(values, Interval):
        return values
    return Interval(np.atleast_1d(np.asarray(values, dtype=np.float64)))
