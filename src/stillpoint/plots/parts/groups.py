"""What tells rows apart in a figure: a few groups with names, or numbers along a colour map."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int, Shaped

from .style import CONDITIONS

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable

#: With more different numbers than this, a colour bar tells more than a legend.
FEW = 6
_NUMBER = re.compile(r"((?:(?<!\S)-)?[0-9]+(?:\.[0-9]+)?)")
_WIDE = 1e3  # positive numbers over a larger range have a logarithmic colour bar


def in_order(names: list[Any]) -> tuple[Any, ...]:
    """Return names as people sort them: by the numbers in texts, and not by their digits.

    Examples
    --------
    >>> in_order(["10", "2", "-1.5"]), in_order(["trial 10", "trial 9"])
    (('-1.5', '2', '10'), ('trial 9', 'trial 10'))
    """
    if not all(isinstance(name, str) for name in names):
        return tuple(sorted(names))
    return tuple(sorted(names, key=lambda name: (_parts(name), name)))


def _parts(name: str) -> list[Any]:
    parts: list[Any] = _NUMBER.split(name)  # texts and numbers take turns
    parts[1::2] = map(float, parts[1::2])
    return parts


@dataclass(frozen=True, eq=False)
class Groups:
    """One value for each row, and what that looks like.

    Attributes
    ----------
    title
        What the values are; empty where that is not known.
    values
        Numbers or texts, shape (n,).
    names
        The different values in the order of their colours; None for numbers along a colour map.
    palette
        The colours of the names; they repeat.
    cmap
        The colour map of numbers.
    is_told
        Whether a legend names the groups; not where each mark's own words say what it is.
    """

    title: str
    values: Shaped[np.ndarray, " n"]
    names: tuple[Any, ...] | None
    palette: tuple[str, ...] = CONDITIONS
    cmap: str = "viridis"
    is_told: bool = True

    @classmethod
    def of(cls, title: str, values: Shaped[np.ndarray, " n"], **look: Any) -> Groups:
        """Return the groups of some values: texts and few different numbers have names.

        Examples
        --------
        >>> Groups.of("choice", np.array(["right", "left", "left"])).codes.tolist()
        [1, 0, 0]
        >>> Groups.of("coherence", np.linspace(0, 1, 50)).names is None
        True
        """
        distinct = np.unique(values)
        has_names = values.dtype.kind not in "iuf" or len(distinct) <= FEW
        names = {"names": in_order(distinct.tolist()) if has_names else None}
        return cls(title, values, **(names | look))

    def beside(self, other: Groups | None) -> Groups:
        """Return the groups with the names of others too, where the two share any.

        The same name has the same colour then, whether it is that of points or of trials.

        Examples
        --------
        >>> trials, points = np.array(["a", "b", "c"]), Groups.of("", np.array(["c"]))
        >>> points.codes, points.beside(Groups.of("", trials)).codes
        (array([0]), array([2]))
        """
        if other is None or self.names is None or other.names is None:
            return self
        shared = set(self.names) & set(other.names)
        if not (shared and self.is_told and other.is_told):
            return self
        return replace(self, names=in_order([*{*self.names, *other.names}]))

    @cached_property
    def codes(self) -> Int[np.ndarray, " n"]:
        """The number of each row's name; zeros where there are no names."""
        place = {name: k for k, name in enumerate(self.names or ())}
        return np.array([place.get(v, 0) for v in self.values.tolist()], dtype=np.int64)

    @cached_property
    def mappable(self) -> ScalarMappable:
        """From numbers to colours, as colour bars need it."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LogNorm, Normalize

        low, high = float(self.values.min()), float(self.values.max())
        norm = LogNorm if low > 0 and high > _WIDE * low else Normalize
        return ScalarMappable(norm(low, high), self.cmap)

    @property
    def colours(self) -> list[Any]:
        """The colour of each row."""
        if self.names is None:
            return list(self.mappable.to_rgba(self.values))
        return [self.palette[code % len(self.palette)] for code in self.codes]

    def told(self, code: int) -> str:
        """Return a legend's words for a name; empty where it needs none.

        Examples
        --------
        >>> Groups.of("u0", np.array([0.0, 0.25])).told(1)
        'u0 = 0.25'
        """
        if self.names is None or not self.is_told:
            return ""
        name = self.names[code]
        text = f"{name:g}" if isinstance(name, float) else str(name)
        return text if isinstance(name, str) or not self.title else f"{self.title} = {text}"
