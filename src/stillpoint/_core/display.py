"""How records read: a heading, a table, remarks; as text in a terminal, as HTML in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

# Rows of a table that are shown, and coordinates of a state.
_ROWS = 40
_COORDINATES = 4

# States of sizes between these are shown with three decimals, others with exponents.
_SMALL, _LARGE = 1e-2, 1e4

_STYLE = "text-align:right;padding:0 .6em;border:none"


@dataclass(frozen=True)
class Column:
    """One column of a table: its heading, its entries, and how wide it is in text.

    Attributes
    ----------
    heading
        What stands above.
    entries
        One for every row.
    width
        Entries are filled up with spaces on the left, if negative on the right.
    """

    heading: str
    entries: Sequence[str]
    width: int = 0

    def padded(self, entry: str) -> str:
        """Return an entry with the width of the column."""
        return entry.rjust(self.width) if self.width >= 0 else entry.ljust(-self.width)


@dataclass(frozen=True)
class Display:
    """What a record shows of itself.

    Attributes
    ----------
    heading
        One line on the whole.
    columns
        A table of the rows, numbered by its first column.
    remarks
        Lines below the table.
    provenance
        Where it comes from; folded away in HTML, left out in text.
    """

    heading: str
    columns: Sequence[Column] = ()
    remarks: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """How many rows the table has."""
        return len(self.columns[0].entries) if self.columns else 0

    def text(self) -> str:
        """Return the display in lines of text.

        Examples
        --------
        >>> print(Display("2 points", [Column("x", ["0", "10"], 4)]).text())
        2 points
           x
           0
          10
        """
        lines = [self.heading]
        if self.columns:
            lines.append(" ".join(column.padded(column.heading) for column in self.columns))
            lines += [
                " ".join(column.padded(column.entries[k]) for column in self.columns)
                for k in range(min(self.n_rows, _ROWS))
            ]
        return "\n".join([*lines, *self.remarks, *self._more()])

    def html(self) -> str:
        """Return the display as static HTML: heading, table, remarks, folded provenance.

        Examples
        --------
        >>> Display("2 points", remarks=["q < 1"]).html()
        '<div><p><b>2 points</b></p><p>q &lt; 1</p></div>'
        """
        parts = [f"<p><b>{escape(self.heading)}</b></p>"]
        if self.columns:
            cells = [[column.heading for column in self.columns]]
            cells += [[c.entries[k] for c in self.columns] for k in range(min(self.n_rows, _ROWS))]
            rows = (
                "".join(f'<td style="{_STYLE}">{escape(c.strip())}</td>' for c in r) for r in cells
            )
            body = "".join(f"<tr>{row}</tr>" for row in rows)
            parts.append(f'<table style="border-collapse:collapse">{body}</table>')
        parts += [f"<p>{escape(line)}</p>" for line in (*self.remarks, *self._more())]
        if self.provenance:
            told = "".join(
                f"<tr><td>{escape(str(k))}</td><td>{escape(str(v))}</td></tr>"
                for k, v in self.provenance.items()
            )
            parts.append(f"<details><summary>provenance</summary><table>{told}</table></details>")
        return f"<div>{''.join(parts)}</div>"

    def _more(self) -> list[str]:
        return [f"  ... and {self.n_rows - _ROWS} more"] if self.n_rows > _ROWS else []


def position(x: Sequence[float] | np.ndarray) -> str:
    """Return the first coordinates of a state.

    Examples
    --------
    >>> position([1.0, -0.5])
    '(+1.000, -0.500)'
    >>> position([2e-9, 1e7])
    '(+2.00e-09, +1.00e+07)'
    """
    more = ", ..." if len(x) > _COORDINATES else ""
    size = max((abs(float(value)) for value in x), default=0.0)
    digits = "+.3f" if _SMALL <= size < _LARGE or size == 0 else "+.2e"
    return f"({', '.join(f'{value:{digits}}' for value in x[:_COORDINATES])}{more})"


def plural(count: int, noun: str, several: str | None = None) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "point"), plural(2, "minimum", "minima")
    ('1 point', '2 minima')
    """
    return f"{count} {noun if count == 1 else several or noun + 's'}"
