"""The report: sections of records, put together to one self-contained file."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from .._core.files import read_path, write_atomically
from .._core.provenance import citation
from .._core.record import Record
from .._core.validation import check_flag, check_kind
from ..errors import ArgumentError, came
from .sections import sections_of

# What the page is made of besides: its look, and the script that turns portraits.
_KINDS = ("css", "js")


@dataclass(eq=False)
class Report:
    """A page of records, one after the other; `record.report(path)` makes one of a single record.

    Parameters
    ----------
    title
        Of the page.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp, tempfile
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> report = sp.Report("Four memories").add("Two units that do not know each other.")
    >>> report.add(points).save(tempfile.mkdtemp() + "/memories.html").name
    'memories.html'
    """

    title: str
    _parts: list[str] = field(default_factory=list, init=False, repr=False)
    _scenes: list[Any] = field(default_factory=list, init=False, repr=False)
    _rests_on: list[str] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        check_kind("title", self.title, str, "a string")

    def add(
        self,
        part: Any,
        trajectories: Any = None,
        *,
        heading: str | None = None,
        by: Any = None,
        trials_by: Any = None,
        projection: Any = None,
        data: bool = True,
    ) -> Report:
        """Add a record, or a paragraph of text; return the report.

        Parameters
        ----------
        part
            Any record of stillpoint, or a string.
        trajectories, by, trials_by, projection
            As for `plots.fixed_points`: what the portrait shows besides, in which colours, and
            from where.
        heading
            Of the section; by default the first line of how the record reads.
        data
            Whether the record's file is there to be downloaded, which `stillpoint.load` reads.

        Raises
        ------
        ArgumentError
            If an argument is of the wrong kind, size or shape.
        """
        check_flag("data", data)
        if heading is not None:
            check_kind("heading", heading, str, "a string")
        if isinstance(part, str):
            if trajectories is not None:
                raise ArgumentError("trajectories: a text has no portrait; add a record.")
            told = "" if heading is None else f"<h2>{escape(heading)}</h2>"
            self._parts.append(f"{told}<p>{escape(part)}</p>")
            return self
        if not isinstance(part, Record):
            raise ArgumentError(
                f"part: got {came(part)}, but a record such as FixedPoints, or a text, is wanted."
            )
        number = len(self._parts)
        sections, scene = sections_of(part, number, trajectories, by, trials_by, projection)
        told = escape(heading or part._display().heading.partition("\n")[0])
        download = _download(part, number) if data else ""
        self._parts.append(f"<h2>{told}</h2>{''.join(sections)}{download}")
        if scene is not None:
            self._scenes.append({"of": number, **scene})
        self._rests_on += [name for name in part._rests_on() if name not in self._rests_on]
        return self

    def html(self) -> str:
        """Return the page. The same records give the same page, to the bit."""
        style, script = (
            files(__package__).joinpath(f"page.{kind}").read_text("utf-8") for kind in _KINDS
        )
        policy = (
            f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
            f"script-src '{_hash(script)}'"
        )
        data = json.dumps(self._scenes, separators=(",", ":")).replace("<", "\\u003c")
        cited = escape(citation(*self._rests_on)).replace("\n", "<br>")
        parts = "".join(
            f'<section id="part-{k}" data-part="{k}">{part}</section>'
            for k, part in enumerate(self._parts)
        )
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{style}</style></head>\n"
            f"<body><main><h1>{escape(self.title)}</h1>{parts}"
            f'<section id="citation"><h2>To cite</h2><p>{cited}</p></section></main>'
            f'<script type="application/json" id="scenes">{data}</script>'
            f"<script>{script}</script></body></html>\n"
        )

    def save(self, path: str | Path) -> Path:
        """Write the page to `path` in one piece; an old one is replaced.

        Raises
        ------
        ArgumentError
            If `path` does not end in `.html`, is no path, or its folder does not exist.
        """
        if read_path("path", path).suffix.lower() != ".html":
            raise ArgumentError(
                f"path: got {came(str(path))}, but a report is one HTML file; end the name in "
                f".html, such as points.html."
            )
        page = self.html().encode("utf-8")
        return write_atomically(path, lambda file: file.write_bytes(page))


def write_report(
    record: Record, path: Any, trajectories: Any = None, *, title: Any = None, **options: Any
) -> Path:
    """Write the report of one record; see `Record.report`."""
    named = record._display().heading.partition("\n")[0] if title is None else title
    return Report(named).add(record, trajectories, **options).save(path)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _download(record: Record, number: int) -> str:
    """Return a link that holds the record's file."""
    name, content = type(record).__name__, record._stored()
    data = base64.b64encode(content).decode()
    return (
        f'<p><a download="{name}-{number}.nc" href="data:application/x-netcdf;base64,{data}">'
        f"Download these {name}</a> as NetCDF ({len(content) / 1000:.0f} kB): "
        f"<code>stillpoint.load</code> and xarray read it.</p>"
    )
