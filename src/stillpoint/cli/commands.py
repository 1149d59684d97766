"""The commands on a user's own networks and results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from .. import plots
from .._core.provenance import show_versions
from ..errors import ArgumentError, FileFormatError
from ..points import FixedPoints
from ..population import compare
from ..portraits import Portrait, portrait
from ..report import Report
from ..search import find_all_fixed_points, find_slow_points
from .networks import is_record, read_inputs_of, read_network, read_record

# Starts of a search for slow points, under each input.
_STARTS_OF_SLOW = 512


def _search(options: argparse.Namespace) -> Any:
    """Return the points of a search; slow ones are sought from the starts of one for fixed ones."""
    system = read_network(options)
    inputs = read_inputs_of(options.inputs, system)
    most = min(options.max_starts, _STARTS_OF_SLOW) if options.slow else options.max_starts
    points = find_all_fixed_points(
        system, inputs, trajectories=_trajectories(options), max_starts=most, seed=options.seed
    )
    if not options.slow:
        return points
    starts = points.starts
    return find_slow_points(system, starts.states, starts.inputs if system.input_size else None)


def _trajectories(options: argparse.Namespace) -> Any:
    if options.trajectories is None:
        return None
    try:
        return np.load(options.trajectories, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise FileFormatError(
            f"--trajectories: {options.trajectories} is no .npy file of numbers ({error})."
        ) from None


def find_command(options: argparse.Namespace) -> int:
    _check_out(options.out, ".nc")
    points = _search(options)
    saved = None if options.out is None else str(points.save(options.out))
    _print(points, options.json, saved)
    return _status(points)


def _check_out(path: str | None, *endings: str, option: str = "--out") -> None:
    """Refuse where nothing could be written, before a search that takes long."""
    if path is not None and Path(path).suffix.lower() not in endings:
        wanted = " or ".join(endings)
        raise ArgumentError(f"{option}: got {path!r}, but a name that ends in {wanted} is wanted.")
    if path is not None and not Path(path).parent.is_dir():
        raise ArgumentError(f"{option}: the folder {Path(path).parent} does not exist.")


def show_command(options: argparse.Namespace) -> int:
    record = read_record(options.record)
    _print(record, options.json, None)
    return _status(record)


def report_command(options: argparse.Namespace) -> int:
    _check_out(options.out, ".html")
    record = read_record(options.network) if is_record(options.network) else _search(options)
    name = Path(options.network.partition(".py:")[0]).stem
    title = name if options.title is None else options.title
    path = Report(title).add(record, _trajectories(options)).save(options.out or f"{name}.html")
    _print(record, options.json, str(path))
    return _status(record)


def portrait_command(options: argparse.Namespace) -> int:
    _check_out(options.out, ".nc")
    _check_out(options.figure, ".png", ".pdf", ".svg", option="--figure")
    system, paths = read_network(options), _trajectories(options)
    inputs = read_inputs_of(options.inputs, system)
    made = portrait(system, inputs, trajectories=paths, seed=options.seed)
    saved = None if options.out is None else str(made.save(options.out))
    if options.figure is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 7), layout="constrained")
        plots.portrait(made, paths, ax=figure.add_subplot())
        figure.savefig(options.figure, dpi=150)
    _print(made, options.json, saved)
    return int(made.points.census().suggests_missing)


def compare_command(options: argparse.Namespace) -> int:
    first, second = (read_record(path) for path in (options.first, options.second))
    if not _have_one_state_space(first, second):
        return _compare_networks(first, second, options)
    found = first.compare(second, options.tolerance)
    if options.json:
        told: dict[str, Any] = {"are_equal": found.are_equal, "same_system": found.same_system}
        for name in ("first", "second", "distance", "proved", "only_first", "only_second"):
            told[name] = getattr(found, name).tolist()
        print(json.dumps(told))
    else:
        print(found)
    return int(not found.are_equal)


def _have_one_state_space(first: Any, second: Any) -> bool:
    """Whether points of one result may be points of the other."""
    if not all(isinstance(record, FixedPoints) for record in (first, second)):
        return False
    return bool(first.xstar.shape[1] == second.xstar.shape[1])


def _compare_networks(first: Any, second: Any, options: argparse.Namespace) -> int:
    """Say how alike two networks are whose coordinates have nothing to do with each other."""
    if options.tolerance is not None:
        raise ArgumentError(
            "--tolerance: it is for points of two results of one size; leave it out here."
        )
    found = compare(first, second)
    if options.json:
        print(json.dumps({"sentence": found.sentence, "same_up_to": found.same_up_to}))
    else:
        print(found)
    return int(found.same_up_to is None)


def info_command(options: argparse.Namespace) -> int:
    if options.network is None:
        show_versions()
        return 0
    if is_record(options.network):
        print(read_record(options.network).system.description)
        return 0
    system = read_network(options)
    print(system)
    print(f"model:     {system.info.model}, computed by {system.info.framework}")
    print(f"weights:   sha256 {system.info.weights_sha256}")
    known = "unknown" if system.lefschetz is None else f"{system.lefschetz:+d}"
    print(f"index sum: {known} (of all fixed points)")
    return 0


def _status(record: Any) -> int:
    return int(isinstance(record, FixedPoints) and record.census().suggests_missing)


def _print(record: Any, as_json: bool, saved: str | None) -> None:
    """Print a record with its verdict, or as one object of JSON."""
    verdict = record.census().verdict if isinstance(record, FixedPoints) else None
    if not as_json:
        print(record)
        if verdict is not None:
            print(f"\n{verdict}")
        if saved is not None:
            print(f"\nsaved: {saved}")
        return
    told: dict[str, Any] = {"record": type(record).__name__, "saved": saved}
    if verdict is not None:
        census = record.census()
        told |= {
            "verdict": verdict,
            "completeness": census.completeness.name.lower(),
            "suggests_missing": census.suggests_missing,
        }
    if isinstance(record, Portrait):
        told["sentences"] = record.sentences
    if hasattr(record, "to_dataframe"):
        told["points"] = json.loads(
            record.to_dataframe().to_json(orient="records", double_precision=15)
        )
    print(json.dumps(told))
