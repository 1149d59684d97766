"""What the command line understands; read without any library, so that help comes at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .._core.provenance import version_of

_HELP = """a file of weights (.pt, .npz, .safetensors, .keras, .h5), or module.py:name, which is a
network, a cell, a System, or a function without arguments that returns one"""

_EPILOG = """exit status: 0; 1 where evidence says that points are missing, or results differ; 2
after a wrong argument or file"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(
        prog="stillpoint",
        description="Find, count, prove and explain the fixed points of recurrent networks.",
        epilog=_EPILOG,
    )
    whole.add_argument(
        "--version", action="version", version=f"stillpoint {version_of('stillpoint')}"
    )
    subparsers = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_commands(subparsers)
    _add_demos(subparsers)
    return whole


def _add_commands(commands: Any) -> None:
    """Add those on a user's own networks and results."""
    find = commands.add_parser("find", help="find all fixed points of a network")
    _add_network(find)
    _add_search(find)
    find.add_argument("-o", "--out", help="where to save the points, such as points.nc")
    find.set_defaults(run="commands.find_command")

    show = commands.add_parser("show", help="print a saved result, with its verdict")
    show.add_argument("record", metavar="RECORD", help="a file that was saved, such as points.nc")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run="commands.show_command")

    report = commands.add_parser("report", help="write one HTML file, of a result or a network")
    _add_network(report)
    _add_search(report)
    report.add_argument("-o", "--out", help="of the report; by default the file's name with .html")
    report.add_argument("--title", help="of the page")
    report.set_defaults(run="commands.report_command")

    whole = commands.add_parser(
        "portrait", help="say what attracts, what lies between, and what leads where"
    )
    _add_network(whole)
    whole.add_argument("--inputs", help="one input, such as --inputs=-1,0.5")
    whole.add_argument("--trajectories", help="states visited: .npy, (trials, time, units)")
    whole.add_argument("--seed", type=int, default=0, help="of the starts")
    whole.add_argument("--json", action="store_true", help="for programs")
    whole.add_argument("-o", "--out", help="where to save it, such as portrait.nc")
    whole.add_argument("--figure", help="where to draw it, such as portrait.png")
    whole.set_defaults(run="commands.portrait_command")

    many = commands.add_parser("sweep", help="do the same to many networks, a file for each")
    many.add_argument(
        "files", metavar="FILES", nargs="+", help="files of weights, such as 'runs/*.pt'"
    )
    many.add_argument("-o", "--out", required=True, help="folder of the results, to go on from")
    many.add_argument("--verb", default="find_all_fixed_points", help="such as portrait")
    many.add_argument("--jobs", type=int, default=1, help="processes at work at one time")
    many.add_argument("--inputs", help="one input for all, such as --inputs=-1,0.5")
    many.add_argument("--seed", type=int, default=0, help="of the starts")
    many.add_argument("--table", help="where to save the table, such as table.csv")
    many.add_argument("--json", action="store_true", help="for programs")
    _add_what_files_lack(many)
    many.set_defaults(run="populations.sweep_command")

    compare = commands.add_parser("compare", help="say how alike two results are")
    compare.add_argument("first", metavar="A.nc")
    compare.add_argument("second", metavar="B.nc")
    compare.add_argument("--tolerance", type=float, help="distance within which points are one")
    compare.add_argument("--json", action="store_true", help="for programs")
    compare.set_defaults(run="commands.compare_command")

    info = commands.add_parser(
        "info", help="say how a network is read; without one, print versions"
    )
    _add_network(info, may_be_left_out=True)
    info.set_defaults(run="commands.info_command")


def _add_search(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument_group("the search")
    search.add_argument("--inputs", help="--inputs=-1,0.5, or a .npy/.csv file of rows")
    search.add_argument("--trajectories", help="states visited: .npy, (trials, time, units)")
    search.add_argument("--slow", action="store_true", help="slow points instead of fixed points")
    search.add_argument("--max-starts", type=int, default=4096, help="under each input")
    search.add_argument("--seed", type=int, default=0, help="of the starts")
    search.add_argument("--json", action="store_true", help="for programs")


def _add_demos(commands: Any) -> None:
    """Add whole stories on real networks."""
    demo = commands.add_parser("demo", help="whole stories on real networks")
    stories = demo.add_subparsers(title="stories", metavar="STORY", required=True)

    memory = stories.add_parser(
        "flip-flop",
        help="find every fixed point of a flip-flop network; count, classify and draw them",
    )
    memory.add_argument("--cell", default="tanh", help="tanh, gru or lstm")
    memory.add_argument("--framework", default="numpy", help="numpy or torch")
    memory.add_argument("--bits", type=int, default=3, help="memory channels")
    memory.add_argument("--units", type=int, default=16, help="units of the network")
    memory.set_defaults(run="demos.flip_flop_demo")

    choice = stories.add_parser(
        "decision",
        help="take a perceptual decision network apart: fixed points, ghosts, the slow line",
    )
    choice.add_argument("--alpha", type=float, default=1.0, help="dt / tau, with --train")
    choice.add_argument("--epochs", type=int, help="of 64 batches, with --train; 20 by default")
    choice.add_argument("--seed", type=int, default=4, help="of the network, with --train")
    choice.set_defaults(run="demos.decision_demo")

    for story in (memory, choice):
        story.add_argument("--train", action="store_true", help="train a new network (torch)")
        story.add_argument("--out", type=Path, default=Path("out"), help="folder for the results")


def _add_network(parser: argparse.ArgumentParser, *, may_be_left_out: bool = False) -> None:
    """Add the arguments that say which network, and what its file does not tell."""
    nargs = "?" if may_be_left_out else None
    parser.add_argument("network", metavar="NETWORK", nargs=nargs, help=_HELP)
    told = _add_what_files_lack(parser)
    told.add_argument("--state-size", type=int, help="of a function in module.py:name")
    told.add_argument("--input-size", type=int, help="of a function in module.py:name")
    told.add_argument("--kind", choices=("map", "flow"), help="of a function in module.py:name")


def _add_what_files_lack(parser: argparse.ArgumentParser) -> Any:
    """Add the arguments that say what weights alone do not tell; return their group."""
    told = parser.add_argument_group("what a file does not tell")
    told.add_argument("--cell", help="vanilla, leaky, leaky_rate, gru, reset_before_gru or lstm")
    told.add_argument("--phi", help="activation of a vanilla or leaky cell, such as tanh")
    told.add_argument("--alpha", type=float, help="dt / tau of a leaky cell")
    told.add_argument("--prefix", help="which network, where a file holds several")
    told.add_argument("--dt", type=float, help="duration of a step, for time constants")
    return told
