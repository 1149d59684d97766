"""What attracts: orbits from many states, followed to where they end, each end with its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.validation import check_kind, check_whole, read_seed, read_states
from ...errors import ArgumentError
from ...points import Attractors, FixedPoints
from ...search.certify import check_points
from ...search.find_all import read_each_input
from ...search.options import provenance
from ...search.orbits import beside_unstable
from ...search.samplers import random_states
from ...search.units import units_of_motion
from ...system import System, check_system
from .orbit_ends import OrbitEnds


@np.errstate(all="ignore")
def find_attractors(
    system: System,
    inputs: Any = None,
    points: FixedPoints | None = None,
    *,
    starts: Any = None,
    n_starts: int = 256,
    steps: int = 20_000,
    seed: int = 0,
) -> Attractors:
    """Follow orbits to where they end, and say what that is.

    Points and cycles are found by Newton's method from the ends of orbits, and proved where the
    step can be enclosed. An orbit counts as there when it was followed until it was or, where that
    takes too long, while it came nearer as fast as eigenvalues say. What comes to none of these is
    named by its Lyapunov exponents. An orbit that is passing a ghost, still
    moves, runs away, or stays at a point or cycle that is not known to attract, ends at no
    attractor, and has a row that says so. Orbits are pushed by a millionth of their size at the
    beginning, and once more if they take long, so that none stays where only symmetry holds it.

    Parameters
    ----------
    system
        From `as_system`.
    inputs
        One constant input, shape (m,), or several, shape (k, m); may be left out if m = 0. Of
        inputs with a period, `system.periodic(inputs)` is a map whose attractors these are.
    points
        Fixed points that are known: orbits begin beside the unstable ones as well (without a part
        in the shares), and rows say which of the points they are.
    starts
        States where orbits begin, shape (n, d). By default random ones of the box that holds all
        fixed points, as far as one is known, else of one around trajectories.
    n_starts
        How many random states, for each input.
    steps
        Steps of each orbit, at most, until it rests, recurs, or stays open.
    seed
        Of random states.

    Returns
    -------
    Attractors
        Sorted by input; under each, by how many orbits ended there. With `points.census(record)`
        the completeness of fixed points takes note of them.

    Raises
    ------
    ArgumentError
        If an argument does not fit.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> W = np.array([[2.0, 0.0], [0.0, -2.0]])  # one unit with two memories, one that alternates
    >>> system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2)))
    >>> attractors = sp.find_attractors(system)
    >>> attractors.verdict, attractors.evidence.tolist()
    ('attractors: 2 cycles; every orbit ended at one', ['proved', 'proved'])
    """
    d = check_system(system).state_size
    rows = read_each_input(system, inputs)
    n_starts = check_whole("n_starts", n_starts, least=1)
    steps = check_whole("steps", steps, least=1)
    rng = np.random.default_rng(read_seed("seed", seed))
    if points is not None:
        check_points(system, check_kind("points", points, FixedPoints, "a record of fixed points"))
    given = None if starts is None else read_states("starts", starts, d)
    if given is not None and not len(given):
        raise ArgumentError("starts: there is no state; one at least is wanted.")
    found = []
    for u in rows:
        units = units_of_motion(system, u, rng)
        own = units.of(system)
        begin = random_states(own, u, rng, n_starts) if given is None else given / units.scale
        beside = _beside(points, u, d) / units.scale
        ends = OrbitEnds(own, u, np.concatenate([begin, beside]), steps, seed)
        found.append(_Under(u, units.scale, begin, beside, ends))
    told = {"n_starts": n_starts, "steps": steps, "seed": seed}
    return _record(system, found, points, told)


@dataclass(frozen=True, eq=False)
class _Under:
    """What was found under one input, in units of its own."""

    u: Float[np.ndarray, " m"]
    scale: Float[np.ndarray, " d"]
    begin: Float[np.ndarray, "n d"]
    beside: Float[np.ndarray, "k d"]
    ends: OrbitEnds

    @property
    def order(self) -> Int[np.ndarray, " a"]:
        """The ends by how many orbits are theirs, attractors first."""
        found = self.ends.found
        hits = np.bincount(self.ends.owner[: len(self.begin)], minlength=len(found))
        attracts = np.array([end.kind.attracts for end in found], dtype=bool)
        return np.lexsort([-hits, ~attracts])


def _beside(
    points: FixedPoints | None, u: Float[np.ndarray, " m"], d: int
) -> Float[np.ndarray, "k d"]:
    """Return states beside the unstable points under one input."""
    if points is None:
        return np.zeros((0, d))
    rows = np.flatnonzero((points.inputs == u).all(axis=1) & (points.n_unstable > 0))
    return beside_unstable(points.linearization.take(rows))


def _record(
    system: System, found: list[_Under], points: FixedPoints | None, told: dict[str, Any]
) -> Attractors:
    ends = [(part, part.ends.found[k]) for part in found for k in part.order]
    longest, d = max(len(end.states) for _, end in ends), system.state_size
    states = np.full((len(ends), longest, d), np.nan)
    for row, (part, end) in enumerate(ends):
        states[row, : len(end.states)] = end.states * part.scale
    inputs = np.stack([part.u for part, _ in ends])
    before = np.cumsum([0] + [len(part.ends.found) for part in found])
    owner = [
        first + np.argsort(part.order)[part.ends.owner]
        for first, part in zip(before[:-1], found, strict=True)
    ]
    begin = np.concatenate([np.concatenate([p.begin, p.beside]) * p.scale for p in found])
    attractors = Attractors(
        kind=np.array([end.kind for _, end in ends], dtype=np.int64),
        evidence=np.array([end.evidence for _, end in ends], dtype=np.str_),
        inputs=inputs,
        states=states,
        period=np.array([end.period for _, end in ends], dtype=float),
        exponent=np.array([end.exponent for _, end in ends], dtype=float),
        point=np.full(len(ends), -1),
        attractor=np.concatenate(owner),
        begin=begin,
        begin_inputs=np.concatenate([np.tile(p.u, (len(p.ends.owner), 1)) for p in found]),
        counts=np.concatenate([np.arange(len(p.ends.owner)) < len(p.begin) for p in found]),
        system=system.info,
        provenance=provenance("find_attractors", system, begin, **told),
    )
    return attractors if points is None else replace(attractors, point=points._rows_of(attractors))
