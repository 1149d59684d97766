"""RowArrays: named arrays with one row for each thing, which scripts may change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..._core.arrays import rows_of
from ..._core.validation import check_kind, check_option, check_sequence, read_numbers
from ...errors import ArgumentError


@dataclass(eq=False, repr=False)
class RowArrays:
    """Base of containers: fields are arrays with equally many rows, or None where not known."""

    #: Fields that say something of the whole and have no rows.
    of_the_whole: ClassVar[tuple[str, ...]] = ()

    #: How many axes a field has; one, unless it is told here.
    axes: ClassVar[Mapping[str, int]] = {}

    def __post_init__(self) -> None:
        for name, value in self.filled().items():
            array = np.array(read_numbers(name, value, real=False))
            if array.ndim != self.axes.get(name, 1):
                raise ArgumentError(
                    f"{name}: got shape {array.shape}, but {self.axes.get(name, 1)} axes are "
                    f"wanted, the first for the points."
                )
            setattr(self, name, array)
        rows = {name: len(value) for name, value in self.filled().items()}
        if len(set(rows.values())) > 1:
            usual = Counter(rows.values()).most_common(1)[0][0]
            others = {name: count for name, count in rows.items() if count != usual}
            told = " and ".join(map(str, others.values()))
            raise ArgumentError(
                f"{', '.join(others)}: got {told} rows, but {usual} are wanted, as all others have."
            )

    @classmethod
    def row_fields(cls) -> list[str]:
        """Return the names of the fields that have rows."""
        return [field.name for field in fields(cls) if field.name not in cls.of_the_whole]

    def filled(self) -> dict[str, Any]:
        """Return the row-wise fields that are known, by name."""
        return {name: v for name in self.row_fields() if (v := getattr(self, name)) is not None}

    def with_fields(self, new: Mapping[str, Any]) -> Self:
        """Return a container of the same kind with these row-wise fields and no others.

        Raises
        ------
        ArgumentError
            If there is no such field.
        """
        for name in check_kind("new", new, Mapping, "a table of fields"):
            check_option("new", name, self.row_fields())
        return replace(self, **{**dict.fromkeys(self.row_fields()), **new})

    @property
    def n(self) -> int:
        """The number of points."""
        return next((len(value) for value in self.filled().values()), 0)

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Self]:
        return (self[k] for k in range(self.n))

    def __getitem__(self, index: Any) -> Self:
        rows = rows_of(index, self.n)
        return self.with_fields({name: value[rows] for name, value in self.filled().items()})

    def __setitem__(self, index: Any, fps: RowArrays) -> None:
        _check_container("fps", fps)
        rows = rows_of(index, self.n)
        missing = [name for name in self.filled() if getattr(fps, name) is None]
        if missing:
            raise ArgumentError(
                f"fps: it lacks {', '.join(missing)}, which is known here; set it to None here, or "
                f"fill it in there."
            )
        if fps.n not in (1, len(rows)):
            raise ArgumentError(
                f"fps: got {fps.n} points for {len(rows)} places; pass as many, or one for all."
            )
        _check_sizes("fps", self, fps)
        for name, value in self.filled().items():
            value[rows] = getattr(fps, name)

    @classmethod
    def concatenate(cls, fps_seq: Sequence[Self]) -> Self:
        """Return all points of several containers, which know the same; empty ones add nothing.

        Tolerance and dtype are those of the first one.

        Raises
        ------
        ArgumentError
            If there is no container, a field is known in some of them only, or sizes differ.
        """
        if not check_sequence("fps_seq", fps_seq, RowArrays, "a list of containers"):
            raise ArgumentError("fps_seq: got no container; at least one is wanted.")
        joined = _joined("fps_seq", fps_seq)
        return fps_seq[0].with_fields(joined)

    def update(self, new_fps: Self) -> None:
        """Append the points of another container to this one, which may be empty.

        Raises
        ------
        ArgumentError
            As `concatenate`; this container is left as it was.
        """
        joined = _joined("new_fps", [self, new_fps])
        for name in self.row_fields():
            setattr(self, name, joined.get(name))


def _joined(name: str, several: Sequence[RowArrays]) -> dict[str, np.ndarray]:
    """Return the fields of several containers, one behind the other."""
    for fps in several:
        _check_container(name, fps)
    known = [fps for fps in several if fps.filled()]
    for fps in known[1:]:
        if differing := known[0].filled().keys() ^ fps.filled().keys():
            told = ", ".join(field for field in fps.row_fields() if field in differing)
            raise ArgumentError(
                f"{name}: {told} known in some containers, but not in all; fill it in where it is "
                f"None, or set it to None in all of them."
            )
        _check_sizes(name, known[0], fps)
    fields_known = known[0].filled() if known else {}
    return {n: np.concatenate([getattr(fps, n) for fps in known]) for n in fields_known}


def _check_container(name: str, fps: Any) -> None:
    if not isinstance(fps, RowArrays):
        raise ArgumentError(f"{name}: got {type(fps).__name__}, but a container is wanted.")


def _check_sizes(name: str, ours: RowArrays, theirs: RowArrays) -> None:
    """Raise unless the rows of one container have the shape of those of another one."""
    for field, values in ours.filled().items():
        got, wanted = getattr(theirs, field).shape[1:], values.shape[1:]
        if got != wanted:
            raise ArgumentError(
                f"{name}: {field} has rows of shape {got}, but {wanted} is wanted, as in the other "
                f"container; only points of one network go together."
            )
