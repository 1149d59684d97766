"""The collection of records that a sweep over many networks gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from ..._core.display import Column, Display, plural
from ..._core.netcdf import load
from ..._core.record import Record
from ...errors import ArgumentError, came
from .rows import Row, SweepStatus
from .store import file_of

if TYPE_CHECKING:
    import pandas
    import xarray

# Characters of a message in the table that is printed.
_MESSAGE = 60


class NoRecordError(ArgumentError, KeyError):
    """A network of a sweep has no record; as lookups in mappings want it, a KeyError too."""

    __str__ = Exception.__str__  # KeyError shows messages in quotes


@final
class Sweep(Mapping[str, Record]):
    """What a verb found in many networks, by their names; made by `stillpoint.sweep`.

    It is a mapping of names to the records that there are. Where they are in a folder, each is read
    when it is asked for and not kept, so that `for name, record in results.items()` holds one at a
    time.

    Attributes
    ----------
    call
        The verb, by name.
    rows
        One for each network, also where there is no record, in the order of the systems: name,
        status, message, seconds and summary.
    folder
        Where the records are, or None.
    """

    def __init__(
        self,
        call: str,
        rows: tuple[Row, ...],
        records: Mapping[str, Record],
        folder: Path | None,
    ) -> None:
        self.call, self.rows, self.folder = call, rows, folder
        self._records = dict(records)
        self._row = {row.name: row for row in rows}

    def __len__(self) -> int:
        return sum(row.status.is_there for row in self.rows)

    def __iter__(self) -> Iterator[str]:
        return (row.name for row in self.rows if row.status.is_there)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._row and self._row[name].status.is_there

    def __getitem__(self, name: str) -> Record:
        """Return the record of a network, read anew where it is in a file.

        Raises
        ------
        ArgumentError
            If there is none; it is a KeyError too.
        FileFormatError
            If its file was damaged since.
        """
        path = self.path(name)
        return self._records[name] if path is None else load(path)

    def path(self, name: str) -> Path | None:
        """Return the file of a network's record, None where it is in memory.

        Raises
        ------
        ArgumentError
            If there is no record.
        """
        row = self._row.get(name) if isinstance(name, str) else None
        if row is None:
            raise NoRecordError(f"name: got {came(name)}, but no network is called so.")
        if not row.status.is_there:
            why = f": {row.message}" if row.message else "."
            raise NoRecordError(f"name: {name!r} has no record; it {row.status.sentence}{why}")
        return None if self.folder is None else file_of(self.folder, name)

    @property
    def errors(self) -> dict[str, str]:
        """Why networks have no record, by their names."""
        return {
            row.name: row.message or row.status.sentence
            for row in self.rows
            if not row.status.is_there
        }

    def table(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame` with one row for each network, without reading records.

        `status` and `message` say how it ended, `seconds` how long it took; the other columns are
        what the record says whatever the coordinates: of fixed points how many there are, how many
        are stable, the index sum and the verdict.
        """
        import pandas as pd

        frame = pd.DataFrame(
            [
                {
                    "network": row.name,
                    "status": row.status.word,
                    "message": row.message,
                    "seconds": row.seconds,
                    **row.summary,
                }
                for row in self.rows
            ],
            columns=None if self.rows else ["network", "status", "message", "seconds"],
        )
        return frame.set_index("network")

    def to_xarray(self) -> xarray.Dataset:
        """Return the table as an `xarray.Dataset` along the dimension `network`.

        Numbers that a network lacks are NaN, words are empty.
        """
        frame = self.table()
        for name in frame.columns:
            if frame[name].dtype.kind not in "biuf":
                frame[name] = frame[name].astype(object).where(frame[name].notna(), "").map(str)
        dataset: xarray.Dataset = frame.to_xarray()
        words = {
            n: v.astype(str) for n, v in dataset.variables.items() if v.dtype.kind not in "biuf"
        }
        return dataset.assign(words).assign_attrs(call=self.call)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return the tables of all records below each other, `network` before the other columns.

        Each row is one of a record, such as a point. Networks of different sizes have different
        columns; what one lacks is NaN.

        Raises
        ------
        ArgumentError
            If records of this kind have no table.
        """
        import pandas as pd

        frames = []
        for name, record in self.items():
            if not hasattr(record, "to_dataframe"):
                raise ArgumentError(
                    f"results: a {type(record).__name__} has no table of rows; `table()` has one "
                    f"row for each network."
                )
            frame = record.to_dataframe()
            frame.insert(0, "network", name)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"network": []})

    def __repr__(self) -> str:
        return self._display().text()

    def _repr_html_(self) -> str:
        """Return what notebooks show: static HTML."""
        return self._display().html()

    def _display(self) -> Display:
        counts = Counter(row.status for row in self.rows)
        ends = [f"{counts[status]} {status.word}" for status in SweepStatus if counts[status]]
        heading = f"{self.call} of {plural(len(self.rows), 'network')}"
        where = [] if self.folder is None else [f"in {self.folder}"]
        return Display(
            ": ".join([heading, ", ".join(ends)]) if ends else heading, self._columns(), where
        )

    def _columns(self) -> list[Column]:
        if not self.rows:
            return []
        names = [row.name for row in self.rows]
        columns = [
            Column("network", names, -max(map(len, [*names, "network"]))),
            Column("status", [row.status.word for row in self.rows], 8),
            Column("seconds", [f"{row.seconds:.3g}" for row in self.rows], 8),
        ]
        told = dict.fromkeys(key for row in self.rows for key in row.summary)
        for key in told:
            entries = [_entry(row.summary.get(key, "")) for row in self.rows]
            columns.append(Column(key, entries, max(map(len, [*entries, key]))))
        if any(row.message for row in self.rows):
            columns.append(Column(" message", [f" {row.message[:_MESSAGE]}" for row in self.rows]))
        return columns


def _entry(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
