"""One HTML file from records, to read, turn and mail."""

from .._core.record import Record
from .report import Report, write_report

Record._reporter = staticmethod(write_report)

__all__ = ["Report"]
