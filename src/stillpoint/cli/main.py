"""A command line is read and run; what is done with errors."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence

from ..errors import StillpointError
from .arguments import parser

#: Exit statuses, beside 1 where evidence says that something is missing or differs.
OK, WRONG = 0, 2


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
        file, _, command = options.run.partition(".")  # which brings the libraries along
        return int(getattr(importlib.import_module(f".{file}", __package__), command)(options))
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush
        return OK
    except (StillpointError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return WRONG
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
