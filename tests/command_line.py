"""The command line, called in this process."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from stillpoint.cli import main


@dataclass(frozen=True)
class Result:
    """What a command line came to, and what it printed."""

    exit_code: int
    output: str


def run_command(*arguments: object) -> Result:
    """Run a command line; stdout and stderr come together."""
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(said):
        status = main([str(argument) for argument in arguments])
    return Result(status, said.getvalue())
