"""The command on many networks: `stillpoint sweep 'runs/*.pt' -o points --jobs 8`."""

from __future__ import annotations

import argparse
import glob
import inspect
import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .._core.validation import check_whole
from ..errors import ArgumentError
from ..population import sweep
from ..population.sweeps import public_verb
from ..system import System
from ..weights import read_weights
from .networks import read_inputs_of, what_files_lack

# What says how many threads the linear algebra of a process takes: one each, unless you say more.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Verb:
    """A verb under an input, zero unless it is told, and from a seed, where it takes them.

    Attributes
    ----------
    name
        Of the verb.
    inputs
        As on the command line, None for zero.
    seed
        Of the starts.
    """

    name: str
    inputs: str | None
    seed: int

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, system: System) -> Any:
        verb = public_verb(self.name)
        known = {"seed": self.seed, "progress": False}
        if system.input_size:
            inputs: Any = read_inputs_of(self.inputs, system)
            known["inputs"] = inputs[0] if len(inputs) == 1 else inputs
        taken = inspect.signature(verb).parameters
        return verb(system, **{name: value for name, value in known.items() if name in taken})


def sweep_command(options: argparse.Namespace) -> int:
    jobs = check_whole("--jobs", options.jobs, least=1)
    if options.table is not None and not Path(options.table).absolute().parent.is_dir():
        raise ArgumentError(f"--table: the folder of {options.table} does not exist.")
    public_verb(options.verb)
    told = what_files_lack(options)
    networks = {
        name: partial(read_weights, str(path), **told) if told else path
        for name, path in named(options.files).items()
    }
    if jobs > 1:
        for variable in _THREADS:
            os.environ.setdefault(variable, "1")
    spawn = multiprocessing.get_context("spawn")
    pool: Any = nullcontext() if jobs == 1 else ProcessPoolExecutor(jobs, mp_context=spawn)
    with pool as executor:
        verb = Verb(options.verb, options.inputs, options.seed)
        found = sweep(networks, verb, executor=executor, folder=options.out)
    table = found.table()
    if options.table is not None:
        table.to_csv(options.table)
    print(table.to_json(orient="index") if options.json else found)
    missing = "suggests_missing" in table and table["suggests_missing"].eq(True).any()
    return int(bool(found.errors) or bool(missing))


def named(patterns: list[str]) -> dict[str, Path]:
    """Return files by names: their paths without what is common, and the ending where it can be.

    Raises
    ------
    ArgumentError
        If a pattern has no files.

    Examples
    --------
    >>> package = str(Path(__file__).parents[1])
    >>> sorted(named([package + "/cells/l*.py", package + "/local/large.py"]))[-3:]
    ['cells/leaky_rate', 'cells/lstm', 'local/large']
    """
    paths: list[Path] = []
    for pattern in patterns:
        there = (
            [Path(pattern)] if Path(pattern).is_file() else map(Path, sorted(glob.glob(pattern)))
        )
        files = [path for path in there if path.is_file()]
        if not files:
            raise ArgumentError(f"FILES: there is no file {pattern}.")
        paths += files
    paths = list(dict.fromkeys(path.absolute() for path in paths))
    common = Path(os.path.commonpath([path.parent for path in paths]))
    short = [path.relative_to(common) for path in paths]
    counts = Counter(path.with_suffix("") for path in short)
    names = [path if counts[path.with_suffix("")] > 1 else path.with_suffix("") for path in short]
    return {name.as_posix(): path for name, path in zip(names, paths, strict=True)}
