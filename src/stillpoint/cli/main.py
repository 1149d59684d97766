"""The parser of the command line, and what is done with errors."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from .._core.provenance import version_of
from ..errors import StillpointError
from . import commands, demos

#: Exit statuses, beside 1 where evidence says that something is missing or differs.
OK, WRONG = 0, 2

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
    commands.add_to(subparsers)
    demos.add_to(subparsers)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, `sys.argv` if left out; return the exit status."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # in pipes each line is there when it is said
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    if not sys.stderr.isatty():  # where no progress bar is drawn, a line tells of every round
        logging.basicConfig(format="%(message)s", stream=sys.stderr)
        logging.getLogger("stillpoint").setLevel(logging.INFO)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush
        return OK
    except (StillpointError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return WRONG
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
