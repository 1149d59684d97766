"""The work on one network, wherever it is done: in this process, a thread, or on another machine.

What it takes and what it returns can be pickled. With a folder the record is written where it is
made, and a row of a table comes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._core.netcdf import load
from ..._core.record import Record
from ..._core.validation import first_line
from ...errors import ArgumentError, came
from .interrupts import interrupts_noted
from .networks import make
from .rows import Row, SweepStatus, summary_of
from .store import Mark, read_mark, write


@dataclass(frozen=True)
class Saved:
    """A record in a file, read where it is needed."""

    path: Path


@dataclass(frozen=True)
class Work:
    """One network and what is to be done to it.

    Attributes
    ----------
    name, network
        What the caller calls it, and handed over.
    verb, options
        What is called with the system, and with what.
    call
        The verb's name.
    key, path
        The hash of all that, and the file for the record; None without a folder.
    raises
        Whether an error is raised, else it becomes a row.
    """

    name: str
    network: Any
    verb: Callable[..., Any]
    options: Mapping[str, Any]
    call: str
    key: str | None
    path: Path | None
    raises: bool


def row_of_file(work: Work) -> Row | None:
    """Return the row of a record that is there already, of the same weights, call and version.

    Raises
    ------
    ArgumentError
        If the file is of another call, or of no sweep, so that it must not be replaced.
    """
    mark = None if work.path is None else read_mark(work.path)
    if mark is None:
        return None
    if mark.call != work.call:
        raise ArgumentError(
            f"folder: {str(work.path)!s:.500} is what {mark.call} found, and is not replaced by "
            f"what {work.call} finds; name another folder."
        )
    if mark.key != work.key:
        return None
    return Row(work.name, SweepStatus.KEPT, "", mark.seconds, mark.row)


def do(work: Work) -> tuple[Row, Record | None]:
    """Do the work, unless it was done before; return its row, and a record that is in no file.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C came, also where the verb returned what it had by then.
    """
    began = time.perf_counter()
    try:
        known = row_of_file(work)  # a worker that was killed may have come as far
        if known is not None:
            return known, None
        record = _record_of(work)
        seconds = time.perf_counter() - began
        summary = summary_of(record)
        if work.path is not None and work.key is not None:
            write(work.path, record, Mark(work.key, work.call, seconds, summary))
    except Exception as error:
        if work.raises:
            raise
        seconds = time.perf_counter() - began
        return Row(work.name, SweepStatus.FAILED, told_of(error), seconds), None
    row = Row(work.name, SweepStatus.DONE, "", seconds, summary)
    return row, record if work.path is None else None


def _record_of(work: Work) -> Record:
    with interrupts_noted() as interrupted:
        options = {
            name: load(value.path) if isinstance(value, Saved) else value
            for name, value in work.options.items()
        }
        record = work.verb(make(work.network), **options)
    if interrupted():
        raise KeyboardInterrupt
    if not isinstance(record, Record):
        raise ArgumentError(
            f"verb: {work.call} returned {came(record)}, but a record is wanted, as verbs of "
            f"stillpoint return them."
        )
    return record


def told_of(error: BaseException) -> str:
    """Return an error in one line.

    Examples
    --------
    >>> told_of(ValueError("it is singular"))
    'ValueError: it is singular'
    """
    return f"{type(error).__name__}: {first_line(error)}"
