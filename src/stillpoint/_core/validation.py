"""What comes in from the caller: of the right type, shape and size, or an error that says so.

Every function takes the argument's name and raises an `ArgumentError` that names it, says in few
words what came, what was wanted, and what to do. Arrays come out as NumPy's own, on the host.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..errors import ArgumentError, came
from .arrays import rows_of, to_numpy

# The largest whole number that arrays hold.
_LARGEST = 2**63 - 1

# So much is quoted of what an error of another library says.
_LINE = 200

# -- single values and short lists -----------------------------------------------------------------


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


# -- arrays ----------------------------------------------------------------------------------------


def read_floats(name: str, values: Any, *, finite: bool = True, copy: bool = True) -> np.ndarray:
    """Return a caller's argument as a float64 NumPy array, or raise an error that names it.

    Masked values are not read, as nothing says what they are. Without `copy` it may be the
    caller's own array, which is only to be looked at.

    Examples
    --------
    >>> read_floats("states", [[1, 2]])
    array([[1., 2.]])
    """
    with np.errstate(over="ignore"):  # what float64 cannot hold is infinite, and refused below
        array = read_numbers(name, values).astype(np.float64, copy=copy)
    if finite and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ArgumentError(
            f"{name}: {bad} of {array.size} values are NaN or infinite; remove those rows or "
            f"repair the network that produced them."
        )
    return array


def read_numbers(name: str, values: Any, *, real: bool = True) -> np.ndarray:
    """Return a caller's array of numbers as NumPy, NaN and infinity among them, in its own type.

    Examples
    --------
    >>> read_numbers("eigenvalues", [1j, 2], real=False)
    array([0.+1.j, 2.+0.j])
    """
    try:
        array = to_numpy(values)
        if array.dtype.kind not in ("fiub" if real else "fiubc"):
            raise TypeError(f"dtype {array.dtype}")
        return array
    except Exception as error:  # the conversion is the caller's own code, which may raise anything
        reason = "" if values is None else f" ({first_line(error)})"
        hint = ""
        if type(values).__name__ == "PackedSequence":
            hint = " Unpack it first with torch.nn.utils.rnn.pad_packed_sequence."
        if "complex" in str(getattr(values, "dtype", "")):
            hint = " Complex states become real ones by system.pack."
        wanted = "real numbers" if real else "numbers"
        raise ArgumentError(
            f"{name}: got {came(values)}{reason}, but an array of {wanted} is wanted.{hint}"
        ) from None


def read_rows(name: str, which: Any, n: int) -> Int[np.ndarray, " k"]:
    """Return the rows that a caller's index means, see `rows_of`.

    Examples
    --------
    >>> read_rows("rows", [-1], 3)
    array([2])
    """
    try:
        return rows_of(which, n)
    except IndexError as error:
        raise ArgumentError(f"{name}: {error}") from None


def shape_of(values: Any) -> tuple[int, ...]:
    """Return the shape of a caller's array; () for what has none.

    Examples
    --------
    >>> shape_of([[1, 2]]), shape_of([[1, 2], [3]])
    ((1, 2), ())
    """
    try:
        return tuple(np.shape(values))
    except Exception:  # as for arrays: the caller's code
        return ()


def first_line(error: BaseException) -> str:
    """Return the first line of what an error of another library says, cut where it is long."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:_LINE]


# -- states and inputs, whose sizes a system gives -------------------------------------------------


def read_states(
    name: str, states: Any, size: int, *, copy: bool = True
) -> Float[np.ndarray, "n d"]:
    """Return a caller's states as float64 NumPy, one row each; a `copy` as of `read_floats`.

    Examples
    --------
    >>> read_states("states", [[1, 2]], size=2)
    array([[1., 2.]])
    """
    axes = [getattr(part, "ndim", 0) for part in states] if isinstance(states, tuple) else []
    is_pair = min(axes, default=0) > 1
    if isinstance(states, Mapping) or is_pair:
        raise ArgumentError(
            f"{name}: got {type(states).__name__}, but flat states of shape (n, {size}) are "
            f"wanted; pass system.pack({name})."
        )
    array = read_floats(name, states, copy=copy)
    if array.ndim == 2 and array.shape[1] == size:
        return array
    hint = ""
    if array.shape == (size,):
        hint = f" For one state pass {name}[None, :]."
    elif array.ndim == 3 and array.shape[2] == size:
        hint = f" For trajectories pass {name}.reshape(-1, {size})."
    raise ArgumentError(
        f"{name}: got shape {array.shape}, but (n, {size}) is wanted: one row for each state of "
        f"this system.{hint}"
    )


def read_inputs(
    name: str, inputs: Any, n: int, size: int, *, copy: bool = True
) -> Float[np.ndarray, "n m"]:
    """Return a caller's inputs as float64 NumPy with `n` rows; one input serves all rows.

    Without `copy`, rows may be the caller's own array, or one and the same.
    """
    if inputs is None:
        if size:
            raise ArgumentError(
                f"{name}: got None, but the system has {size} inputs; pass an array of shape "
                f"({size},) for all rows or ({n}, {size}), for example np.zeros({size})."
            )
        return np.zeros((n, 0))
    array = read_floats(name, inputs, copy=copy)
    if array.shape in ((size,), (1, size)):
        rows = np.broadcast_to(array.reshape(1, size), (n, size))
        return rows.copy() if copy else rows
    if array.shape != (n, size) and size == 0:
        raise ArgumentError(
            f"{name}: got shape {array.shape}, but the system has no inputs, or all of them are "
            f"fixed; leave it out. (A function of state and input needs input_size= in as_system.)"
        )
    if array.shape != (n, size):
        raise ArgumentError(
            f"{name}: got shape {array.shape}, but ({n}, {size}) is wanted, one row for each "
            f"state, or ({size},), one input for all of them."
        )
    return array


def read_input_sequences(
    name: str, inputs: Any, n: int, size: int, steps: int | None
) -> Float[np.ndarray, "n t m"]:
    """Return a caller's input sequences as float64 NumPy."""
    if inputs is None and size == 0 and steps is not None:
        return np.zeros((n, check_whole("steps", steps, least=0), 0))
    if inputs is None and size == 0:
        raise ArgumentError("steps: got None, but without inputs simulate needs steps=.")
    if inputs is None:
        raise ArgumentError(
            f"{name}: got None, but simulate needs inputs of shape ({n}, t, {size})."
        )
    array = read_floats(name, inputs)
    if array.ndim != 3 or array.shape[0] != n or array.shape[2] != size:
        raise ArgumentError(
            f"{name}: got shape {array.shape}, but ({n}, t, {size}) is wanted: trials, time, "
            f"inputs."
        )
    return array


def read_deviation(name: str, values: Any, n: int, width: int) -> Float[np.ndarray, "..."]:
    """Return a caller's deviations as float64 NumPy, broadcast to (..., n, width)."""
    array = read_floats(name, values)
    try:
        shape = np.broadcast_shapes(array.shape, (n, width))
        if array.ndim and array.shape[-1] == width and shape[-2:] == (n, width):
            return np.broadcast_to(array, shape)
    except ValueError:
        pass
    raise ArgumentError(
        f"{name}: got shape {array.shape}, but (..., {n}, {width}) is wanted, or what broadcasts "
        f"to it."
    )
