"""From branches that were followed to the record of a diagram."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Int

from .._core.arrays import take_record
from ..branches.bordered import Along
from ..branches.events import EventKind, Located, no_events
from ..branches.family import Family
from ..branches.spans import joined
from ..dynamics import Kind, Rooted
from ..local.spectra import growth
from ..search.options import provenance
from .certify import proved_intervals
from .followed import Followed
from .normal_forms import coefficient
from .records import Checks, Diagram, Ends, Events

# Of an eigenvalue this near to the border, relative to 1 + its modulus, no index is told.
_BORDER = 1e-9

# Crossings this near to each other, in sizes of states, are one, found on two branches, or twice on
# one that passes there twice.
_SAME, _SAME_BRANCH = 1e-4, 1e-7


def describe(followed: Followed, checks: Checks, call: str, options: dict[str, Any]) -> Diagram:
    """Return the record of what was followed."""
    along, branches = followed.along, followed.branches
    system, path = along.system, along.path
    d = system.state_size
    rows = [np.full(len(b.curve.z), k) for k, b in enumerate(branches)]
    z = _stacked([b.curve.z for b in branches], (0, d + 1), float)
    piece = _stacked([b.curve.piece for b in branches], (0,), np.int64)
    values = _stacked([b.values for b in branches], (0, d), complex)
    first = np.cumsum([0, *(len(r) for r in rows)])
    at_event = np.zeros(len(z), dtype=bool)
    for events, place in followed.events:
        at_event[first[events.curve] + place] = True
    s = along.parameters(z)
    rates = growth(values, along.kind)
    empty = np.zeros((0, d)), np.zeros(0), np.zeros(0)
    states, periods, amplitude = along.told(z, piece) if len(z) else empty
    corners = path.corners
    record = Diagram(
        branch=_stacked(rows, (0,), np.int64),
        parameter=s,
        states=states,
        inputs=path.inputs_at(s, piece),
        n_unstable=(rates > 0).sum(axis=1),
        is_stable=np.asarray((rates < 0).all(axis=1)),
        index=indices(values, along.kind),
        leading=values[np.arange(len(values)), rates.argmax(axis=1)]
        if values.shape[1]
        else np.zeros(len(values), dtype=complex),
        at_event=at_event,
        period=periods,
        amplitude=amplitude,
        corners=corners,
        corner_inputs=path.inputs_at(corners, path.piece(corners)),
        is_family=isinstance(path, Family),
        ends=Ends(
            first=np.array([b.curve.ends[0] for b in branches], dtype=np.int64),
            last=np.array([b.curve.ends[1] for b in branches], dtype=np.int64),
            origin=np.array([b.origin for b in branches], dtype=np.int64),
        ),
        events=_events(followed),
        checks=checks,
        noun=along.solution.noun,
        system=system.info,
        provenance=provenance(call, system, states, path=repr(path), **options),
    )
    vars(record)["_source"] = (system, path)
    return record


def indices(values: Complex[np.ndarray, "n m"], kind: Kind) -> Int[np.ndarray, " n"]:
    """Return sign det(I - J) from eigenvalues, of a flow sign det(-J); 0 on the border."""
    factors = 1 - values if kind == "map" else -values
    size = np.abs(factors)
    sign = np.sign(np.prod(factors / np.maximum(size, 1e-300), axis=1).real).astype(np.int64)
    return np.where((size > _BORDER * (1 + np.abs(values))).all(axis=1), sign, 0)


def _events(followed: Followed) -> Events:
    """Return the events of all branches by parameter, with coefficients."""
    along = followed.along
    d = along.system.state_size
    several = [events for events, _ in followed.events if len(events.z)]
    located, other = _once(along, joined(several or [no_events(d + 1, d)]))
    s = along.parameters(located.z)
    x = along.states(located.z, located.piece) if len(s) else np.zeros((0, d))
    first = along.told(located.z, located.piece)[0] if len(s) else x
    u = along.path.inputs_at(s, located.piece)
    intervals = proved_intervals(along, located)
    told = [
        _coefficient(along, *row)
        for row in zip(s, x, u, located.kind, located.eigenvalue, strict=True)
    ]
    return Events(
        kind=located.kind,
        parameter=s,
        state=first,
        inputs=u,
        branch=located.curve,
        other=other,
        eigenvalue=located.eigenvalue,
        n_before=located.n_before,
        n_after=located.n_after,
        coefficient=np.array([value for value, _ in told], dtype=float),
        cubic=np.array([is_cubic for _, is_cubic in told], dtype=bool),
        low=intervals[:, 0],
        high=intervals[:, 1],
    )


def _once(along: Along, events: Located) -> tuple[Located, Int[np.ndarray, " e"]]:
    """Return events by parameter, crossings of two branches once, and the other branch there.

    Where one of two branches turns around at a crossing, it is located on the other one, along
    which an eigenvalue passes the border.
    """
    crosses = events.kind == EventKind.BRANCH_POINT
    first = np.where(events.n_before == events.n_after, 1, 0)
    kept: list[int] = []
    other: list[int] = []
    for k in np.argsort(first, kind="stable"):
        apart = [np.linalg.norm(events.z[k] - events.z[j]) / along.size for j in kept]
        same = [
            row
            for row, j in enumerate(kept)
            if crosses[k] and crosses[j]
            if apart[row] < (_SAME if events.curve[k] != events.curve[j] else _SAME_BRANCH)
        ]
        if same:
            other[same[0]] = int(events.curve[k])
        else:
            kept.append(int(k))
            other.append(-1)
    rows = np.array(kept, dtype=np.int64)
    by_parameter = np.argsort(events.z[rows, -1], kind="stable")
    return take_record(events, rows[by_parameter]), np.array(other, dtype=np.int64)[by_parameter]


def _coefficient(
    along: Along, s: float, x: Any, u: Any, kind: int, eigenvalue: complex
) -> tuple[float, bool]:
    made, _ = along.path.at(along.system, float(s))
    dynamics = along.solution.view(made.dynamics)
    if isinstance(dynamics, Rooted):  # no network, whose derivatives would be known
        return np.nan, False
    try:
        return coefficient(dynamics, x, u, EventKind(int(kind)), complex(eigenvalue))
    except np.linalg.LinAlgError:
        return np.nan, False


def _stacked(parts: list[Any], empty: tuple[int, ...], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.zeros(empty, dtype=kind)
