"""From one node to the manifold through it: a line both ways, or a sheet of such lines."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..ends import End
from .corrector import UnderInput
from .path import Limits, Node, follow
from .record import SlowManifold


def curve(motion: UnderInput, first: Node, limits: Limits) -> SlowManifold:
    """Return the line or ring through a node."""
    row, place, ends = _both_ways(motion, first, 0, limits)
    return _record(motion, [row], [place], ends, is_sheet=False)


def sheet(motion: UnderInput, first: Node, limits: Limits) -> SlowManifold:
    """Return the sheet through a node: second lines through every node of the first."""
    line, _, ends = _both_ways(motion, first, 0, limits)
    across = [_both_ways(motion, node, 1, limits) for node in line]
    rows, places, stops = zip(*across, strict=True)
    common = [Counter(stop[side] for stop in stops).most_common(1)[0][0] for side in (0, 1)]
    return _record(motion, list(rows), list(places), (*ends, *common), is_sheet=True)


def _both_ways(
    motion: UnderInput, first: Node, axis: int, limits: Limits
) -> tuple[list[Node], int, tuple[End, End]]:
    """Return the nodes along one direction, the place of the first one, and both ends."""
    ahead, end = follow(motion, first, axis, 1.0, limits)
    if end is End.CLOSED:
        return [first, *ahead], 0, (end, end)
    behind, start = follow(motion, first, axis, -1.0, limits)
    return [*behind[::-1], first, *ahead], len(behind), (start, end)


def _record(
    motion: UnderInput,
    rows: list[list[Node]],
    places: list[int],
    ends: tuple[End, ...],
    *,
    is_sheet: bool,
) -> SlowManifold:
    """Return the record of nodes in rows; the nodes at the rows' places come under each other."""
    before = max(places)
    width = before + max(len(row) - place for row, place in zip(rows, places, strict=True))

    def collect(value: Any) -> np.ndarray:
        example = np.asarray(value(rows[0][0]))
        grid = np.full((len(rows), width, *example.shape), np.nan, dtype=example.dtype)
        for k, (row, place) in enumerate(zip(rows, places, strict=True)):
            grid[k, before - place : before - place + len(row)] = [value(node) for node in row]
        return grid if is_sheet else grid[0]

    states = collect(lambda node: node.state)
    system, shape = motion.system, states.shape[:-1]
    present = np.isfinite(states).all(axis=-1)
    through = states[present]
    B = np.full((*shape, system.state_size, system.input_size), np.nan)
    B[present] = system.input_jacobian(through, np.tile(motion.inputs, (len(through), 1)))
    return SlowManifold(
        states=states,
        inputs=motion.inputs,
        drift=collect(lambda node: node.drift),
        eigenvalues=collect(lambda node: node.modes.eigenvalues),
        transverse=collect(lambda node: np.float64(node.modes.transverse)),
        tangents=collect(lambda node: node.modes.frame),
        selection=collect(lambda node: node.modes.selection),
        input_jacobian=B,
        ends=ends,
        origin=before,
        system=system.info,
    )
