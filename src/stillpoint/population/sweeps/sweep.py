"""One verb on many networks, on any executor; a folder of files that a second run goes on from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ..._core.netcdf import VERSION
from ..._core.provenance import version_of
from ..._core.record import Record
from ..._core.validation import check_option
from ...errors import ArgumentError, came, warn
from .futures import Pending
from .keys import UnknownValueError, digest
from .networks import identity_of
from .record import Sweep
from .rows import Row, SweepStatus
from .store import file_of, read_folder
from .verbs import read_verb
from .work import Saved, Work, do, row_of_file, told_of

_LOG = logging.getLogger("stillpoint")

_End = tuple[Row, Record | None]


def sweep(
    systems: Mapping[str, Any],
    verb: str | Callable[..., Any],
    *,
    executor: Any = None,
    folder: Any = None,
    on_error: str = "record",
    **options: Any,
) -> Sweep:
    """Do one thing to many networks: search, portrait, or whatever takes a system first.

    Parameters
    ----------
    systems
        A mapping of names to networks: systems, what `as_system` takes, files of weights, files of
        saved records (`.nc`), or functions without arguments that return one of these, called where
        the work is done.
    verb
        A public verb of stillpoint whose first argument is a system, by name or itself, or a
        function of yours that returns a record.
    executor
        Where the work is done: anything with `submit` and futures as `concurrent.futures` has them,
        such as a pool of processes, Dask's `Client.get_executor()` or an executor of submitit. It
        stays open. None does one network after the other here.
    folder
        Where each record is written, one file for each network, by the worker that made it. What is
        there already, of the same weights, call, options and version, is not done again; what is
        damaged is. Without a folder the records are held in memory.
    on_error
        "record": an error is a row of the table, and the others go on. "raise": it is raised.
    **options
        Of the verb, the same for all networks. A mapping with exactly the names of the systems has
        one value for each, and so has the result of another sweep of the same networks.

    Returns
    -------
    Sweep
        A mapping of names to records, and a table with one row for each network. After Ctrl-C it
        holds what is finished.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or the folder holds files that are not of this verb.

    Warns
    -----
    StillpointWarning
        If it was interrupted; or if a network or an option has no hash that another process would
        make too, so that a second run would do it again.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> cell = lambda g: sp.cells.VanillaCell(g * np.eye(2), np.zeros((2, 0)), np.zeros(2))
    >>> systems = {f"gain {g}": sp.as_system(cell(g)) for g in (0.5, 2.0)}
    >>> found = sp.sweep(systems, "find_all_fixed_points")
    >>> found.table()["points"].to_dict()
    {'gain 0.5': 1, 'gain 2.0': 9}
    >>> graphs = sp.sweep(systems, "connect", points=found)
    >>> graphs["gain 2.0"].verdict.partition(",")[0]
    '4 attractors'
    """
    names = _read_names(systems)
    check_option("on_error", on_error, ("record", "raise"))
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ArgumentError(
            f"executor: got {came(executor)}, but an executor is wanted, such as "
            f"concurrent.futures.ProcessPoolExecutor()."
        )
    function, call, quiet = read_verb(verb, options)
    where = None if folder is None else read_folder(folder, names)
    works = _Works(systems, function, call, options, quiet, where, on_error == "raise")
    order = names
    if where is not None:  # so that files which must not be replaced are met before work begins
        order = sorted(names, key=lambda name: not file_of(where, name).exists())
    rows: dict[str, Row] = {}
    records: dict[str, Record] = {}
    ends = _one_by_one(works, order) if executor is None else _handed_over(works, order, executor)
    interrupted = False
    bar = tqdm(total=len(names), desc=call, unit="network", disable=None)
    try:
        for row, record in ends:
            rows[row.name] = row
            if record is not None:
                records[row.name] = record
            bar.update()
            _LOG.info("%s %s: %s", call, row.name, row.message or row.status.sentence)
    except KeyboardInterrupt:
        interrupted = True
        if not any(row.status.is_there for row in rows.values()):
            raise
    finally:
        bar.close()
        ends.close()
    if works.nameless:
        warn(
            f"systems, options: no hash of them can be made that another process would make too "
            f"({works.nameless}), so a second run does them again."
        )
    if interrupted:
        warn(f"the sweep was interrupted; of {len(names)} networks {len(rows)} have ended.")
    left = (rows.get(name, Row(name, SweepStatus.NOT_DONE)) for name in names)
    return Sweep(call, tuple(left), records, where)


class _Works:
    """What is to be done to each network, made when its turn comes."""

    def __init__(
        self,
        systems: Mapping[str, Any],
        verb: Callable[..., Any],
        call: str,
        options: Mapping[str, Any],
        quiet: Mapping[str, Any],
        folder: Any,
        raises: bool,
    ) -> None:
        self.systems, self.verb, self.call, self.folder = systems, verb, call, folder
        self.options, self.quiet, self.raises = options, quiet, raises
        self.each = {n for n, v in options.items() if _is_for_each(v, set(systems))}
        self.nameless = ""

    def of(self, name: str) -> Work | Row:
        """Return the work on a network, or its row where there is none: done before, or it failed.

        Raises
        ------
        Exception
            What the caller's mapping, or a model that cannot be read, raises, if errors are raised.
        """
        try:
            network = self.systems[name]
            own = {n: self._option(v, name) if n in self.each else v
                   for n, v in self.options.items()}  # fmt: skip
            work = Work(
                name, network, self.verb, {**self.quiet, **own}, self.call, None, None, self.raises
            )
            if self.folder is None:
                return work
            work = replace(work, key=self._key(network, own), path=file_of(self.folder, name))
        except Exception as error:
            if self.raises:
                raise
            return Row(name, SweepStatus.FAILED, told_of(error))
        return row_of_file(work) or work

    def _option(self, values: Mapping[str, Any], name: str) -> Any:
        """Return the option of one network; a record that is in a file is read by the worker."""
        if isinstance(values, Sweep) and (path := values.path(name)) is not None:
            return Saved(path)
        return values[name]

    def _key(self, network: Any, options: Mapping[str, Any]) -> str:
        """Return the hash of a network and what is done to it; one of its own where there is none.

        A record in a file counts by its content.
        """
        told = {n: v.path if isinstance(v, Saved) else v for n, v in options.items()}
        version = version_of("stillpoint"), VERSION
        try:
            return digest(identity_of(network), self.verb, told, version)
        except UnknownValueError as error:
            self.nameless = str(error)
            return f"none {np.random.default_rng().bytes(16).hex()}"


def _one_by_one(works: _Works, names: list[str]) -> Generator[_End, None, None]:
    """Yield the end of the work on each network, which is done here."""
    for name in names:
        work = works.of(name)
        yield (work, None) if isinstance(work, Row) else do(work)


def _handed_over(works: _Works, names: list[str], executor: Any) -> Generator[_End, None, None]:
    """Yield the end of the work on each network, in the order in which executors bring them."""
    pending = Pending()
    try:
        for name in names:
            work = works.of(name)
            if isinstance(work, Row):
                yield work, None
                continue
            try:
                pending.add(name, executor.submit(do, work))
            except Exception as error:  # it is shut down, or its workers are gone
                if works.raises:
                    raise
                yield Row(name, SweepStatus.LOST, told_of(error)), None
        for name, future in pending.as_they_end():
            yield _end_of(name, future, works.raises)
    finally:
        pending.cancel()


def _end_of(name: str, future: Any, raises: bool) -> _End:
    """Return what a future brought; what the executor itself raises is not the network's fault."""
    try:
        end: _End = future.result()
    except Exception as error:
        if raises:
            raise
        hint = ""
        if "pickle" in str(error).lower() or "pickl" in type(error).__name__.lower():
            hint = (
                " (define functions at the top level of a module, or pass an executor that packs "
                "them with cloudpickle)"
            )
        return Row(name, SweepStatus.LOST, told_of(error) + hint), None
    return end


def _read_names(systems: Any) -> list[str]:
    if not isinstance(systems, Mapping):
        raise ArgumentError(
            f"systems: got {came(systems)}, but a mapping of names to networks is wanted, such as "
            f"{{'seed 0': system}}; of files, {{path.stem: path for path in folder.glob('*.pt')}}."
        )
    names = list(systems)
    for name in names:
        if not isinstance(name, str) or not name:
            raise ArgumentError(
                f"systems: got the name {came(name)}, but names are text, such as 'seed 3'."
            )
    return names


def _is_for_each(value: Any, names: set[str]) -> bool:
    """Whether an option has one value for each network."""
    if isinstance(value, Sweep):
        return True
    return isinstance(value, Mapping) and bool(names) and set(value) == names
