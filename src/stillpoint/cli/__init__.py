"""The command line: find, show, report, compare, info, demo."""

from .main import main

__all__ = ["main"]
