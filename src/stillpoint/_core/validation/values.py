"""Single values and short lists: options, kinds, flags, numbers, seeds."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import ArgumentError, came

# The largest whole number that arrays hold.
_LARGEST = 2**63 - 1


def check_option(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return `value` if it is one of `allowed`, or raise an error that lists them.

    Examples
    --------
    >>> check_option("kind", "map", ("map", "flow"))
    'map'
    """
    options = list(allowed)
    if isinstance(value, str) and value in options:
        return value
    if not options:
        raise ArgumentError(f"{name}: got {came(value)}, but there is none to choose from.")
    listed = ", ".join(repr(option) for option in options)
    near = difflib.get_close_matches(value, options, n=1) if isinstance(value, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"{name}: got {came(value)}, but the allowed values are {listed}.{hint}")


def check_kind(name: str, value: Any, kind: type, wanted: str) -> Any:
    """Return `value` if it is of a class, or raise an error that says what is `wanted`.

    Examples
    --------
    >>> check_kind("path", "a.nc", str, "a path")
    'a.nc'
    """
    if not isinstance(value, kind):
        raise ArgumentError(f"{name}: got {came(value)}, but {wanted} is wanted.")
    return value


def check_sequence(
    name: str, values: Any, kind: type, wanted: str, length: int | None = None
) -> list[Any]:
    """Return the members of a sequence, which must all be of a class, and so many if told.

    Examples
    --------
    >>> check_sequence("names", ("a", "b"), str, "a list of names")
    ['a', 'b']
    """
    fits = isinstance(values, list | tuple) and all(isinstance(v, kind) for v in values)
    if not fits or length not in (None, len(values)):
        raise ArgumentError(f"{name}: got {came(values)}, but {wanted} is wanted.")
    return list(values)


def check_flag(name: str, value: object) -> bool:
    """Return True or False, or raise an error.

    Examples
    --------
    >>> check_flag("exhaustive", False)
    False
    """
    return bool(check_kind(name, value, bool, "True or False"))


def check_whole(name: str, value: object, least: int, most: int = _LARGEST) -> int:
    """Return a whole number of at least `least`, of any integer type, as an int.

    Examples
    --------
    >>> check_whole("n", 3, least=1)
    3
    """
    number = whole_number(value)
    if number is not None and least <= number <= most:
        return number
    bounds = f"of at least {least}" if number is None or number < least else f"of at most {most}"
    hint = ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        hint = f" Write it as {int(value)}."
    raise ArgumentError(f"{name}: got {came(value)}, but a whole number {bounds} is wanted.{hint}")


def whole_number(value: Any) -> int | None:
    """Return a whole number of any integer type as an int; None for all else, True too.

    Examples
    --------
    >>> whole_number(np.int8(3)), whole_number(3.0), whole_number(True)
    (3, None, None)
    """
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return int(value) if is_whole else None


def check_real(
    name: str,
    value: object,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
    finite: bool = True,
) -> float:
    """Return a real number, `above` a bound or at `least` it, at `most` another one.

    It must be finite, unless infinity has a meaning.

    Examples
    --------
    >>> check_real("dt", 1, above=0)
    1.0
    """
    fits = isinstance(value, numbers.Real) and not isinstance(value, bool)
    try:
        number = float(value) if fits else math.nan  # type: ignore[arg-type]
    except OverflowError:
        number = math.nan
    if (
        not math.isnan(number)
        and (math.isfinite(number) or not finite)
        and (above is None or number > above)
        and (least is None or number >= least)
        and (most is None or number <= most)
    ):
        return number
    wanted = "a positive finite number" if above == 0 else "a finite number"
    wanted = wanted if finite else wanted.replace("finite ", "")
    bounds = {">": above or None, ">=": least, "<=": most}
    told = " and ".join(f"{sign} {bound}" for sign, bound in bounds.items() if bound is not None)
    raise ArgumentError(
        f"{name}: got {came(value)}, but {' '.join([wanted, told]).strip()} is wanted."
    )


def read_seed(name: str, seed: Any) -> int:
    """Return a seed as an int; of a NumPy generator, a number that it draws.

    Examples
    --------
    >>> read_seed("seed", np.int8(3))
    3
    """
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(_LARGEST))
    number = whole_number(seed)
    if number is None or not 0 <= number <= _LARGEST:
        raise ArgumentError(
            f"{name}: got {came(seed)}, but a whole number from 0 to 2**63 - 1 or a NumPy "
            f"generator is wanted."
        )
    return number


def read_generator(name: str, seed: Any) -> np.random.Generator:
    """Return NumPy's generator for a seed, or the generator that was passed.

    Examples
    --------
    >>> int(read_generator("seed", 0).integers(100))
    85
    """
    is_generator = isinstance(seed, np.random.Generator)
    return seed if is_generator else np.random.default_rng(read_seed(name, seed))
