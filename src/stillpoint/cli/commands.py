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
from ..portrait import Portrait, portrait
from ..report import Report
from ..search import find_all_fixed_points, find_slow_points
from .networks import add_network, is_record, read_inputs_of, read_network, read_record

# Starts of a search for slow points, under each input.
_STARTS_OF_SLOW = 512


def add_to(commands: Any) -> None:
    """Add the commands to a parser."""
    find = commands.add_parser("find", help="find all fixed points of a network")
    add_network(find)
    _add_search(find)
    find.add_argument("-o", "--out", help="where to save the points, such as points.nc")
    find.set_defaults(run=_find)

    show = commands.add_parser("show", help="print a saved result, with its verdict")
    show.add_argument("record", metavar="RECORD", help="a file that was saved, such as points.nc")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_show)

    report = commands.add_parser("report", help="write one HTML file, of a result or a network")
    add_network(report)
    _add_search(report)
    report.add_argument("-o", "--out", help="of the report; by default the file's name with .html")
    report.add_argument("--title", help="of the page")
    report.set_defaults(run=_report)

    whole = commands.add_parser(
        "portrait", help="say what attracts, what lies between, and what leads where"
    )
    add_network(whole)
    whole.add_argument("--inputs", help="one input, such as --inputs=-1,0.5")
    whole.add_argument("--trajectories", help="states visited: .npy, (trials, time, units)")
    whole.add_argument("--seed", type=int, default=0, help="of the starts")
    whole.add_argument("--json", action="store_true", help="for programs")
    whole.add_argument("-o", "--out", help="where to save it, such as portrait.nc")
    whole.add_argument("--figure", help="where to draw it, such as portrait.png")
    whole.set_defaults(run=_portrait)

    compare = commands.add_parser("compare", help="match the points of two results")
    compare.add_argument("first", metavar="A.nc")
    compare.add_argument("second", metavar="B.nc")
    compare.add_argument("--tolerance", type=float, help="distance within which points are one")
    compare.add_argument("--json", action="store_true", help="for programs")
    compare.set_defaults(run=_compare)

    info = commands.add_parser(
        "info", help="say how a network is read; without one, print versions"
    )
    add_network(info, may_be_left_out=True)
    info.set_defaults(run=_info)


def _add_search(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument_group("the search")
    search.add_argument("--inputs", help="--inputs=-1,0.5, or a .npy/.csv file of rows")
    search.add_argument("--trajectories", help="states visited: .npy, (trials, time, units)")
    search.add_argument("--slow", action="store_true", help="slow points instead of fixed points")
    search.add_argument("--max-starts", type=int, default=4096, help="under each input")
    search.add_argument("--seed", type=int, default=0, help="of the starts")
    search.add_argument("--json", action="store_true", help="for programs")


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


def _find(options: argparse.Namespace) -> int:
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


def _show(options: argparse.Namespace) -> int:
    record = read_record(options.record)
    _print(record, options.json, None)
    return _status(record)


def _report(options: argparse.Namespace) -> int:
    _check_out(options.out, ".html")
    record = read_record(options.network) if is_record(options.network) else _search(options)
    name = Path(options.network.partition(".py:")[0]).stem
    title = name if options.title is None else options.title
    path = Report(title).add(record, _trajectories(options)).save(options.out or f"{name}.html")
    _print(record, options.json, str(path))
    return _status(record)


def _portrait(options: argparse.Namespace) -> int:
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


def _compare(options: argparse.Namespace) -> int:
    first, second = (read_record(path, FixedPoints) for path in (options.first, options.second))
    found = first.compare(second, options.tolerance)
    if options.json:
        told: dict[str, Any] = {"are_equal": found.are_equal, "same_system": found.same_system}
        for name in ("first", "second", "distance", "proved", "only_first", "only_second"):
            told[name] = getattr(found, name).tolist()
        print(json.dumps(told))
    else:
        print(found)
    return int(not found.are_equal)


def _info(options: argparse.Namespace) -> int:
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
