"""One HTML file from records, to read, turn and mail."""

from .report import Report, write_report

__all__ = ["Report", "write_report"]
