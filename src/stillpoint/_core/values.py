"""What values a field may hold: said where it is declared, asked of everything that was stored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np


@dataclass(frozen=True)
class Domain:
    """The values that a field may hold; without bounds all of its type.

    Attributes
    ----------
    least, most
        Bounds that belong to it. A name of a dimension stands for its size.
    above, below
        Bounds that do not belong to it.
    options
        The values there are, such as the members of an enumeration.
    finite
        Whether NaN and infinity are excluded; a name of another field says in which rows.
    missing
        Whether NaN may stand for a number that is not known, whatever the bounds.

    Examples
    --------
    >>> Domain(least=0, below="point").misfit(np.array([0, 3]), {"point": 3}, {}.get)
    'holds 3, but only numbers below 3 (point) can be'
    """

    least: float | str | None = None
    most: float | str | None = None
    above: float | None = None
    below: str | None = None
    options: Iterable[Any] = ()
    finite: bool | str = False
    missing: bool = False

    def misfit(
        self, values: Any, sizes: Mapping[Any, int], field: Callable[[str], Any]
    ) -> str | None:
        """Return what is wrong with values, or None: the sizes are those of the dimensions here."""
        values = np.asarray(values)
        for fits, wanted in self._rules(values, sizes, field):
            if not fits.all():
                return f"holds {values[~fits][0]}, but only {wanted} can be"
        return None

    def _rules(
        self, values: np.ndarray, sizes: Mapping[Any, int], field: Callable[[str], Any]
    ) -> Iterator[tuple[np.ndarray, str]]:
        """Yield where values keep a rule, and what the rule wants."""
        if options := [getattr(option, "value", option) for option in self.options]:
            yield np.isin(values, options), ", ".join(map(str, options))
        for bound, compare, wanted in (
            (self.least, np.greater_equal, "numbers of at least"),
            (self.most, np.less_equal, "numbers of at most"),
            (self.above, np.greater, "numbers above"),
            (self.below, np.less, "numbers below"),
        ):
            number = sizes.get(bound) if isinstance(bound, str) else bound
            if number is not None:
                fits = compare(values, number) | (np.isnan(values) if self.missing else False)
                yield fits, f"{wanted} {number}" + (f" ({bound})" if bound != number else "")
        if self.finite is True:
            yield np.isfinite(values), "finite numbers"
        elif self.finite:
            free = ~np.asarray(field(self.finite))
            free = free.reshape(*free.shape, *[1] * (values.ndim - free.ndim))
            yield np.isfinite(values) | free, f"finite numbers where it is {self.finite}"


#: All values of a field's type.
ANYTHING = Domain()


def read_array(values: np.ndarray, annotation: Any) -> np.ndarray:
    """Return stored values if they are what the annotation says, in double precision.

    Raises
    ------
    ValueError
        If the type or the number of dimensions differs.

    Examples
    --------
    >>> from jaxtyping import Float
    >>> read_array(np.zeros(3, np.float32), Float[np.ndarray, " n"])
    Traceback (most recent call last):
    ...
    ValueError: is float32 of shape (3,), but Float[ndarray, 'n'] is wanted, in double precision
    """
    exact = values.dtype.kind in "bU" or values.dtype.name in ("int64", "float64", "complex128")
    if not (exact and isinstance(values, annotation)):
        raise ValueError(
            f"is {values.dtype} of shape {values.shape}, but {annotation.__name__} is wanted, in "
            f"double precision"
        )
    return values


def read_json(told: Any, annotation: Any) -> Any:
    """Return what JSON told, as an annotated field holds it.

    Lists become tuples where those are wanted; a class with `from_plain` reads its own.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> read_json([1, 2], tuple[int, ...]), read_json(None, float | None)
    ((1, 2), None)
    >>> read_json("yes", bool)
    Traceback (most recent call last):
    ...
    ValueError: is 'yes', but bool is wanted
    """
    kind, inner = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return told
    if kind in (Union, UnionType) and inner[1:] == (NoneType,):
        return None if told is None else read_json(told, inner[0])
    if kind is Literal and isinstance(told, str) and told in inner:
        return told
    if kind in (tuple, Sequence) and isinstance(told, list):
        members = [read_json(member, inner[0]) for member in told]
        return members if kind is Sequence else tuple(members)
    if kind is Mapping and isinstance(told, dict):
        return {name: read_json(member, inner[1]) for name, member in told.items()}
    if hasattr(annotation, "from_plain"):
        return annotation.from_plain(told)
    if type(told) is annotation and (annotation is not float or math.isfinite(told)):
        return told
    if annotation is float and type(told) is int:
        return float(told)
    wanted = annotation.__name__ if isinstance(annotation, type) and not kind else annotation
    raise ValueError(f"is {told!r:.60}, but {wanted} is wanted")


def read_fields(cls: Any, told: Any, *names: str) -> dict[str, Any]:
    """Return some fields of a class from what JSON told, each as it is annotated.

    Raises
    ------
    ValueError
        If one is missing or is something else.

    Examples
    --------
    >>> read_fields(Domain, {"missing": True}, "missing")
    {'missing': True}
    """
    if not isinstance(told, dict):
        raise ValueError(f"is {told!r:.60}, but a table of {', '.join(names)} is wanted")
    hints, found = types_of(cls), {}
    for name in names:
        if name not in told:
            raise ValueError(f"it lacks {name}")
        with naming(name):
            found[name] = read_json(told[name], hints[name])
    return found


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Begin what is wrong in the block with the name of what is read in it."""
    try:
        yield
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error


@cache
def types_of(cls: Any) -> dict[str, Any]:
    """Return the types that the fields of a class are annotated with."""
    return get_type_hints(cls)
