"""A portrait: points, cycles, attractors and what leads where, under one input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsIndex

import numpy as np

from .._core.validation import (
    check_flag,
    check_kind,
    check_whole,
    read_inputs,
    read_seed,
    read_states,
)
from ..errors import ArgumentError
from ..points import FixedPoints
from ..recurrence import find_cycles
from ..search import find_all_fixed_points, sample_states
from ..search.certify import certify, check_points
from ..search.options import provenance
from ..system import System, check_system
from .attractors import find_attractors
from .basins import sample_basins
from .energy import longest_period
from .graph import connect
from .portrait_record import Portrait
from .readout import outputs_of

# States of which the shares of basins are estimated.
_SAMPLED = 1000


@np.errstate(all="ignore")
def portrait(
    system: System,
    inputs: Any = None,
    *,
    points: FixedPoints | None = None,
    trajectories: Any = None,
    readout: Callable[[Any], Any] | None = None,
    max_period: SupportsIndex = 2,
    prove: bool = True,
    seed: int = 0,
) -> Portrait:
    """Return how the states of a network are organised under one input.

    It puts together what `find_all_fixed_points`, `find_cycles`, `find_attractors`, `connect`,
    `sample_basins` and, where weights are symmetric, `energy` say, and proves what can be proved.

    Parameters
    ----------
    system
        From `as_system`.
    inputs
        One constant input, shape (m,); zero if left out.
    points
        Its fixed points, if they are known already; else all are looked for.
    trajectories
        States that the network visits, shape (trials, time, d): more starts of the searches, and
        the states whose shares in basins are told; by default those are random.
    readout
        What is read out of states, a function of (n, d) that returns (n, k): what saddles decide.
    max_period
        Cycles of a map are looked for up to this period, limit cycles of a flow unless it is 1.
    prove
        Whether points and connections are to be proved.
    seed
        Of starts.

    Returns
    -------
    Portrait

    Raises
    ------
    ArgumentError
        If an argument does not fit.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> cell = sp.cells.VanillaCell(np.diag([2.0, 0.5]), np.zeros((2, 0)), np.zeros(2))
    >>> memory = sp.portrait(sp.as_system(cell), readout=lambda x: x[:, :1])
    >>> memory.sides, memory.graph.evidence.tolist()  # saddle 2, between points 0 and 1
    ({2: (0, 1)}, ['proved', 'proved'])
    >>> memory.sentences[3]
    'between the two attractors of each 1 output differs in sign'
    """
    m = check_system(system).input_size
    max_period = check_whole("max_period", max_period, least=1, most=1000)
    seed, prove = read_seed("seed", seed), check_flag("prove", prove)
    u = read_inputs("inputs", np.zeros(m) if inputs is None else inputs, 1, m)[0]
    states = None
    if trajectories is not None:
        states = sample_states(trajectories, _SAMPLED, seed=seed)
        read_states("trajectories", states, system.state_size)
    if points is None:
        points = find_all_fixed_points(system, u, trajectories=trajectories, seed=seed)
    else:
        check_points(system, check_kind("points", points, FixedPoints, "a record of fixed points"))
        rows = np.flatnonzero((points.inputs == u).all(axis=1))
        if len(points) and not len(rows):
            raise ArgumentError(
                f"points: none of them is under the input {u.tolist()}; pass those of a search "
                f"under it, or their own input."
            )
        points = points if len(rows) == len(points) else points.take(rows)
    if prove and points.certificate is None and system.dynamics.interval_extension() is not None:
        points = certify(system, points)
    attractors = find_attractors(system, u, points, seed=seed)
    graph = connect(system, points, attractors, seed=seed)
    cycles = None
    if max_period > 1:
        asked = range(2, max_period + 1) if system.kind == "map" else None
        cycles = find_cycles(system, u, periods=asked, trajectories=trajectories, seed=seed)
    basins = None
    if attractors.attracts.any():
        basins = sample_basins(system, attractors, states, n_states=_SAMPLED, seed=seed)
    return Portrait(
        points=points,
        attractors=attractors,
        graph=graph.certify(system) if prove else graph,
        cycles=cycles,
        basins=basins,
        outputs=outputs_of(readout, graph.states),
        longest_period=longest_period(system),
        system=system.info,
        provenance=provenance("portrait", system, points.xstar, max_period=max_period, seed=seed),
    )
