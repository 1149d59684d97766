"""The command line: find, show, report, portrait, sweep, compare, info, demo."""

from .main import main

__all__ = ["main"]
