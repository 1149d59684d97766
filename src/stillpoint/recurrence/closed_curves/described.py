"""The record of closed curves that are known, with the evidence for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int

from ...points import ClosedCurves, Orbits
from .evidence import birkhoff_rotations, normal_exponents, tangent_exponent
from .known import KnownCurves


def described(
    known: KnownCurves,
    orbits: Orbits,
    reached: Int[np.ndarray, " o"],
    told: Mapping[str, Any],
) -> ClosedCurves:
    """Return what is known, sorted; starts keep what they led to."""
    turns = [curve.turn for curve in known.curves]
    pieces = np.array([curve.pieces for curve in known.curves], dtype=np.int64)
    n_nodes = np.array([len(turn.nodes) for turn in turns], dtype=np.int64)
    d, m = orbits.states.shape[1], orbits.inputs.shape[1]
    states = np.full((len(turns), max(n_nodes, default=1), d), np.nan)
    across = np.zeros((len(turns), d - 1))
    for row, turn in enumerate(turns):
        states[row, : len(turn.nodes)] = turn.nodes
        across[row] = normal_exponents(turn) / pieces[row]
    attracts = np.asarray((across < 0).all(axis=1))
    rotations = np.full(len(turns), np.nan)
    for several in np.unique(pieces):
        rows = np.flatnonzero(attracts & (pieces == several))
        rotations[rows] = birkhoff_rotations([turns[row] for row in rows])

    def each(name: str) -> np.ndarray:
        return np.array([getattr(turn, name) for turn in turns], dtype=float)

    curves = ClosedCurves(
        states=states,
        n_nodes=n_nodes,
        n_components=pieces,
        inputs=np.array([turn.u for turn in turns]).reshape(len(turns), m),
        rotation=each("rho"),
        rotation_error=each("error"),
        birkhoff_rotation=rotations,
        normal_exponents=across,
        tangent_exponent=np.array([tangent_exponent(turn) for turn in turns]) / pieces,
        residual=each("residual"),
        tail=each("tail"),
        hits=np.bincount(reached[reached >= 0], minlength=len(turns)),
        orbits=orbits,
        reached=reached,
        system=known.system.info,
        provenance=told,
    )
    return curves.take(np.lexsort([curves.rotation, curves.n_unstable, *curves.inputs.T[::-1]]))
