"""What a report says of a record: one function for every part, one list of parts for every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from .._core.display import Column
from .._core.record import Record
from ..branches.slow_manifold import SlowManifold
from ..dynamics import Kind
from ..errors import ArgumentError
from ..local import Linearization
from ..plots.parts.scene import DRAWN, Scene, scene_of
from ..points import ClosedCurves, Cycles, FixedPoints, SlowPoints
from ..portraits import AttractorGraph, FlowField, LyapunovSpectrum, Portrait
from ..proofs import ProofStatus
from . import svg

# Rows of a table, and eigenvalues of a picture, that a page holds.
_MOST_ROWS, _MOST_EIGENVALUES = 2000, 3000

_HOW_TO_TURN = "Drag or use the arrow keys to turn; plus and minus, or Ctrl and the wheel, zoom."

Section = str
Parts = tuple[Callable[[Any], Section], ...]


def sections_of(
    record: Record, number: int, trajectories: Any, by: Any, trials_by: Any, projection: Any
) -> tuple[list[Section], dict[str, Any] | None]:
    """Return the sections on a record as HTML, and the scene of its portrait as plain data."""
    sections, scene = [], None
    if isinstance(record, DRAWN):
        is_there = trajectories is not None or len(record)
        if is_there:
            drawn = scene_of(
                [record], trajectories, by=by, trials_by=trials_by, projection=projection
            )
            sections.append(_portrait(drawn, number))
            scene = _plain(drawn)
    elif any(given is not None for given in (trajectories, by, trials_by, projection)):
        raise ArgumentError(
            f"trajectories: a {type(record).__name__} has no portrait to draw them in."
        )
    parts = next((p for kind, p in _PARTS if isinstance(record, kind)), (_remarks, _columns))
    told = [part(record) for part in parts]
    return [told[0], *sections, *filter(None, told[1:]), _provenance(record)], scene


# -- parts ------------------------------------------------------------------------------------


def _verdict(points: FixedPoints) -> Section:
    """Return whether a point is missing, and what that rests on."""
    census = points.census()
    lines = [f'<p class="verdict">{escape(_capital(census.verdict))}.</p>']
    if not census.is_selection:
        frame = census.to_dataframe()
        wanted = {
            "n_points": "points",
            "index_sum": "sum of indices",
            "coverage": "coverage of hits (estimated)",
            "orbits": "orbits followed",
            "completeness": "completeness",
        }
        told = {name: head for name, head in wanted.items() if name in frame}
        inputs = [name for name in frame if name[:1] == "u" and name[1:].isdigit()]
        columns = [Column(name, [_number(v) for v in frame[name]]) for name in inputs]
        columns += [Column(head, [_number(v) for v in frame[name]]) for name, head in told.items()]
        lines.append(_table(columns, "What is known of the set, under each input", sortable=False))
    return "".join([*lines, _remarks(points, skip=set(repr(points.starts).split("\n")))])


def _remarks(record: Record, skip: set[str] = frozenset()) -> Section:  # type: ignore[assignment]
    display = record._display()
    lines = [line for line in display.remarks if line not in skip]
    return f'<p class="remarks">{"<br>".join(map(escape, lines))}</p>' if lines else ""


def _columns(record: Record) -> Section:
    """Return the table of a record as it reads."""
    columns = record._display().columns
    return _table(list(columns), "Rows", sortable=False) if columns else ""


def _spectra(points: Any) -> Section:
    """Return the eigenvalues; where there are many, the most unstable ones of the first states."""
    kind: Kind
    if isinstance(points, Cycles):  # of a flow, too, multipliers are those of a map: of returns
        values, kind, what, partial = points.multipliers, "map", "Multipliers", False
    else:
        lin = points if isinstance(points, Linearization) else points.linearization
        values, kind, what = lin.leading_eigenvalues, lin.kind, "Eigenvalues"
        partial = lin.leading is not None
    if not values.size:
        return ""
    each = max(1, min(values.shape[1], _MOST_EIGENVALUES // len(values)))
    is_cut = partial or each < values.shape[1]
    note = f", the {each} most unstable of each state" if is_cut else ""
    if len(values) > _MOST_EIGENVALUES:
        note += f", of the first {_MOST_EIGENVALUES} of {len(values)} states"
    picture = svg.spectrum(values[:_MOST_EIGENVALUES, :each], kind)
    return _figure(what, picture, f"{what} of the Jacobians{note}.")


def _table_of_points(points: Any) -> Section:
    if not len(points):
        return ""
    columns = points._columns()
    left = len(points) - _MOST_ROWS
    told = _table(columns, "Points", sortable=True)
    return told + (f"<p>{left} further rows are in the file.</p>" if left > 0 else "")


def _certificates(points: Any) -> Section:
    """Return what was proved of how many points, and in boxes of what size."""
    certificate = points.certificate
    if certificate is None or not len(points):
        return ""
    reasons = [ProofStatus(reason) for reason in certificate.reason.tolist()]
    counts = Counter(reasons)
    columns = [
        Column("points", [str(n) for n in counts.values()]),
        Column("finding", [reason.sentence for reason in counts], -1),
    ]
    proved, size = certificate.proved, ""
    if proved.any():
        within, alone = certificate.radius_exists[proved], certificate.radius_unique[proved]
        size = (
            f"<p>Each of them lies within {within.max():.1e} of its position, and is the only one "
            f"within {alone.min():.1e}.</p>"
        )
    told = _table(columns, "What interval arithmetic proves", sortable=False)
    return f"<h3>Certificates</h3>{told}{size}"


def _starts(points: Any) -> Section:
    """Return what became of the starts, and which found what."""
    starts = points.starts
    if not len(starts):
        return ""
    counts = starts.counts()
    rows = [Column("starts", [str(n) for n in counts.values()])]
    rows.append(Column("ended", [status.sentence for status in counts], -1))
    found = starts.discoveries()
    sources = [
        Column("source", [source.sentence for source in found], -1),
        Column("starts", [str(n) for n, _ in found.values()]),
        Column("points found first", [str(k) for _, k in found.values()]),
    ]
    return (
        "<h3>Starts</h3>"
        + _table(rows, f"How {starts.total} starts ended", sortable=False)
        + _table(sources, "What starts of each source found", sortable=False)
    )


def _drift(manifold: SlowManifold) -> Section:
    if manifold.dimension > 1:
        return ""
    picture = svg.curve(manifold.arc, manifold.drift[:, 0], "along the manifold", "drift")
    return _figure("Drift", picture, "Drift along the manifold; where it is zero the state rests.")


def _exponents(spectrum: LyapunovSpectrum) -> Section:
    """Return the exponents as a curve, and as a table with their errors."""
    number = np.arange(len(spectrum), dtype=float)
    known = np.isfinite(spectrum.exponents)
    columns = [
        Column("exponent", [f"{v:+.6g}" for v in spectrum.exponents]),
        Column("standard error", [f"{e:.1e}" for e in spectrum.errors]),
    ]
    told = _table(columns, "Lyapunov exponents (estimated)", sortable=False)
    if known.sum() < 2:
        return told
    picture = svg.curve(number[known], spectrum.exponents[known], "number", "exponent")
    return _figure("Lyapunov exponents", picture, "The largest first.") + told


def _flow(field: FlowField) -> Section:
    note = "Arrows are faint where little of the motion lies in the plane."
    return _figure("Flow field", svg.flow_field(field), f"{note} {_capital(field.summary)}.")


def _provenance(record: Any) -> Section:
    """Return call, options, versions and hashes, folded away."""
    told = getattr(record, "provenance", {})
    system = getattr(record, "system", None)
    rows = ({} if system is None else {"system": system.description}) | dict(told)
    if not rows:
        return ""
    body = "".join(
        f"<tr><th scope='row'>{escape(str(k))}</th><td>{escape(str(v))}</td></tr>"
        for k, v in rows.items()
    )
    return f"<details><summary>Provenance</summary><table>{body}</table></details>"


def _inside(name: str, heading: str, *parts: Callable[[Any], Section]) -> Callable[[Any], Section]:
    """Return what tells of a part of a record, where there is one."""

    def told(record: Any) -> Section:
        inner = getattr(record, name)
        sections = [] if inner is None else [*filter(None, (part(inner) for part in parts))]
        return f"<h3>{escape(heading)}</h3>{''.join(sections)}" if sections else ""

    return told


_OF_POINTS: Parts = (_spectra, _table_of_points, _certificates, _starts)

#: What is said of each kind of record, in order.
_PARTS: tuple[tuple[type, Parts], ...] = (
    (FixedPoints, (_verdict, *_OF_POINTS)),
    (SlowPoints, (_remarks, *_OF_POINTS)),
    (SlowManifold, (_remarks, _drift)),
    (Cycles, (_remarks, _spectra, _table_of_points)),
    (ClosedCurves, (_remarks, _table_of_points)),
    (AttractorGraph, (_remarks, _columns)),
    (
        Portrait,
        (
            _remarks,
            _inside("attractors", "Attractors", _columns),
            _inside("graph", "What leads where", _columns),
            _inside("basins", "Basins", _columns),
            _inside("points", "Fixed points", *_OF_POINTS),
            _inside("cycles", "Cycles", _remarks, _table_of_points),
        ),
    ),
    (LyapunovSpectrum, (_remarks, _exponents)),
    (FlowField, (_remarks, _flow)),
    (Linearization, (_remarks, _spectra)),
)


# -- what parts are made of -------------------------------------------------------------------


def _portrait(scene: Scene, number: int) -> Section:
    """Return the picture that turns; without scripts it is a still one."""
    legend = "".join(
        f'<li><button type="button" data-group="{k}" aria-pressed="true">{svg.sample(marks)}'
        f"{escape(marks.label)}</button></li>"
        for k, marks in enumerate(scene.marks)
    )
    lines = "".join(
        f"<li>{svg.stroke(line.colour)}{escape(line.label)}</li>"
        for line in scene.lines
        if line.label
    )
    lines += "".join(f"<li>{escape(note)}</li>" for note in scene.notes)
    label = ", ".join(marks.label for marks in scene.marks) or "trajectories"
    return (
        f'<figure class="portrait"><figcaption><h3>Portrait</h3></figcaption>'
        f'<div class="still">{svg.portrait(scene)}</div>'
        f'<canvas hidden tabindex="0" role="img" id="portrait-{number}" '
        f'aria-label="{escape(label)}. {_HOW_TO_TURN}"></canvas>'
        f'<p class="hint" hidden>{_HOW_TO_TURN}</p>'
        f'<p class="told" role="status" aria-live="polite"></p>'
        f'<ul class="legend">{legend}{lines}</ul></figure>'
    )


def _figure(title: str, picture: str, caption: str) -> Section:
    return (
        f"<figure><h3>{escape(title)}</h3>{picture}<figcaption>{escape(caption)}</figcaption>"
        f"</figure>"
    )


def _table(columns: list[Column], caption: str, sortable: bool) -> Section:
    """Return a table; one that can be sorted has its rows linked with pictures."""
    heads = [column.heading.strip() for column in columns]
    if sortable:
        head = "".join(
            f'<th scope="col"><button type="button">{escape(h or "row")}</button></th>'
            for h in heads
        )
    else:
        head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    rows = []
    for k in range(min(len(columns[0].entries), _MOST_ROWS)):
        cells = "".join(f"<td>{escape(column.entries[k].strip())}</td>" for column in columns)
        link = f' data-row="{k}" tabindex="0"' if sortable else ""
        rows.append(f"<tr{link}>{cells}</tr>")
    kind = ' class="points"' if sortable else ""
    return (
        f'<div class="scroll"><table{kind}><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _plain(scene: Scene) -> dict[str, Any]:
    """Return a scene as what JSON holds, in few digits."""
    return {
        "axes": scene.axes,
        "marks": [
            {
                "at": _rounded(marks.places),
                "told": marks.texts,
                "rows": marks.rows.tolist(),
                "shape": marks.marker,
                "size": round(float(np.sqrt(marks.size)), 2),
                "edges": marks.edges,
                "faces": marks.faces,
            }
            for marks in scene.marks
        ],
        "lines": [
            {"at": _rounded(line.places), "colour": line.colour, "width": line.width}
            for line in scene.lines
        ],
    }


def _rounded(places: np.ndarray) -> list[list[float | None]]:
    """Return places with five digits; None where a line is interrupted."""
    return [[None if np.isnan(v) else float(f"{v:.5g}") for v in row] for row in places]


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN
        return ""
    return f"{value:+d}" if isinstance(value, int | np.integer) and value < 0 else f"{value:.4g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
