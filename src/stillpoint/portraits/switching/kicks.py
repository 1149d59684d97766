"""The smallest kick out of each attractor's basin into the next: the verb."""

from __future__ import annotations

import numpy as np

from ..._core.validation import check_kind, check_whole, read_seed
from ...search.options import provenance
from ...system import System, check_system
from ..graph import AttractorGraph
from .borders import BasinBorders
from .kicks_record import Kicks


@np.errstate(all="ignore")
def smallest_kicks(
    system: System,
    graph: AttractorGraph,
    *,
    n_starts: int = 8,
    n_checks: int = 200,
    steps: int = 5000,
    seed: int = 0,
) -> Kicks:
    """Return the smallest change of the state that leads from each attractor to each neighbour.

    Two points that attract are neighbours if a saddle with one unstable direction leads to both.
    The border between their basins is the stable manifold of that saddle. Its state nearest to the
    attractor is looked for by a descent along the manifold, whose normal comes from the left
    eigenvector of the saddle, carried back along the orbit by the transposed Jacobians. (Such
    kicks are the minimal fatal shocks of Halekotte and Feudel 2020.) No state counts whose orbit
    does not come to the saddle. In the end .995 of the kick must come back, 1.005 of it must come
    to the target, and random kicks of .98 of its size must not.

    Parameters
    ----------
    system
        From `as_system`.
    graph
        From `connect`.
    n_starts
        How many searches for each saddle and side: one from the saddle, the others beside it.
    n_checks
        How many random kicks for each pair.
    steps
        Steps of each orbit, at most.
    seed
        Of random starts and kicks.

    Returns
    -------
    Kicks
        A row for each pair of neighbours, each way.

    Raises
    ------
    ArgumentError
        If an argument does not fit.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    >>> graph = sp.connect(system, sp.find_all_fixed_points(system))
    >>> kicks = sp.smallest_kicks(system, graph)
    >>> kicks.size.round(6).tolist(), kicks.stayed.tolist()
    ([0.957504, 0.957504], [200, 200])
    """
    check_system(system)
    check_kind("graph", graph, AttractorGraph, "what connect returns")
    graph.system.check_same("graph", system.info)
    n_starts = check_whole("n_starts", n_starts, least=1, most=100_000)
    n_checks = check_whole("n_checks", n_checks, least=0, most=10_000_000)
    steps = check_whole("steps", steps, least=1)
    rng = np.random.default_rng(read_seed("seed", seed))
    several = [
        BasinBorders.of(system, graph, u, steps, rng).searched(n_starts, n_checks)
        for u in np.unique(graph.inputs, axis=0)
    ]
    told = {"n_starts": n_starts, "n_checks": n_checks, "steps": steps, "seed": seed}
    return _record(system, graph, several, told)


def _record(
    system: System, graph: AttractorGraph, several: list[BasinBorders], told: dict[str, int]
) -> Kicks:
    pairs = np.concatenate([part.pairs for part in several])
    counts = np.concatenate([part.counts for part in several])
    saddle, kick, distance, switches = (
        np.concatenate([getattr(part.best, name) for part in several])
        for name in ("saddle", "kick", "distance", "switches")
    )
    home = graph.states[pairs[:, 0]]
    straight = np.concatenate([part.straight for part in several])
    return Kicks(
        source=pairs[:, 0],
        target=pairs[:, 1],
        saddle=np.where(switches, saddle, -1),
        kick=np.where(switches[:, None], kick, np.nan),
        straight=straight,
        distance=np.where(switches, distance, np.nan),
        starts=counts[:, 0],
        agree=counts[:, 1],
        tried=counts[:, 2],
        stayed=counts[:, 3],
        switched=counts[:, 4],
        states=home,
        inputs=graph.inputs[pairs[:, 0]],
        system=system.info,
        provenance=provenance("smallest_kicks", system, home, **told),
    )
