"""Continuous attractors: curves and sheets along which a network moves slowly or not at all."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_real, check_whole, read_inputs, read_states
from ...errors import ArgumentError
from ...local import SlowModes, slow_modes
from ...system import System
from ..ends import End
from .corrector import Motion
from .path import Limits, Node, find_node, follow
from .record import SlowManifold

# The longest step, in sizes of the seed, and the number of steps each way, by dimension.
_STEP = {1: 0.05, 2: 0.1}
_MAX_STEPS = {1: 1000, 2: 30}
# How many seeds are tried, the slowest first.
_TRIALS = 20


def follow_slow_manifold(
    system: System,
    seed: Any,
    inputs: Any = None,
    *,
    dimension: int = 1,
    step: float | None = None,
    max_steps: int | None = None,
    max_length: float | None = None,
    gap: float = 2.0,
    bound: float = 10.0,
) -> SlowManifold:
    """Follow the manifold along which a network moves slowly: a line, a ring or a sheet.

    A continuous attractor of a trained network is hardly ever made of fixed points: few of them
    lie on a manifold along which the state drifts slowly, while all other directions decay fast.
    A state x belongs to it where the motion r(x) = F(x, u) - x (f(x, u) for a flow) lies in the
    span of the slow eigenvectors of the Jacobian at x itself; fixed points do. From one such state
    the manifold is followed with a predictor along the slow eigenvector and a Newton corrector on
    the bordered system (Keller 1977; Allgower and Georg 1990), so every end has a reason. Steps
    are halved where the manifold bends and at the kinks of piecewise linear networks.

    Parameters
    ----------
    system
        A map or a flow.
    seed
        Where to begin: `FixedPoints` (or any record with `xstar` and `inputs`), or states,
        shape (k, d). Of several the one with the slowest mode is taken: the eigenvalue of the
        Jacobian nearest to 1 (to 0 for a flow); the next one, up to 20, if from there no state of
        a slow manifold is found. States need not lie on the manifold.
    inputs
        The one input under which the manifold is followed, shape (m,); that of the points if
        left out.
    dimension
        1 for a curve, 2 for a sheet. A sheet is a comb: a spine along one slow direction, and from
        every node of it a tooth along the other.
    step
        Longest distance between two nodes; by default .05 max(1, |seed|), for a sheet .1.
    max_steps
        Largest number of nodes each way from the seed; by default 1000, for a sheet 30.
    max_length
        Largest length each way from the seed; none by default.
    gap
        How much longer than the slowest other mode the slow ones must live: the manifold ends
        where the ratio of the time constants, |log |lambda_other|| / |log |lambda_slow||
        (|Re lambda| for a flow), falls below. At least 1. A slow mode of a map must also outlast
        one step: |log |lambda|| <= 1.
    bound
        The manifold ends where |x| exceeds bound max(1, |seed|); at least 1.

    Raises
    ------
    ArgumentError
        If shapes do not fit the system, the seeds belong to several inputs or are none, a setting
        is out of range, or no seed leads to a slow manifold; the message says how far the slowest
        mode is from the others.

    References
    ----------
    Seung (1996) PNAS 93:13339 (line attractors). Maas and Pope (1992) Combustion and Flame 88:239
    (manifolds in which the fast modes have come to rest). Mante et al. (2013) Nature 503:78
    (selection vectors). Allgower and Georg (1990) Numerical Continuation Methods.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: x * np.array([0.999, 0.5]), state_size=2)
    >>> sp.follow_slow_manifold(system, np.zeros((1, 2)), bound=2.0)
    slow manifold: line of length 3.9 in 2 states, 79 nodes
    drift       mean 0.00098, at most 0.0019 per step; 1 place of rest (1 attracts)
    memory      4e+03 steps to drift along it, as far as it was followed
    slow mode   lambda 0.9990
    transverse  |lambda| at most 0.5000, decays within 1.4 steps
    ends        left every reasonable bound; left every reasonable bound
    """
    if not isinstance(system, System):
        raise ArgumentError(
            f"system: got {type(system).__name__}, but a System is wanted; make one with "
            f"stillpoint.as_system(model)."
        )
    p = check_whole("dimension", dimension, least=1)
    if p > min(2, system.state_size):
        raise ArgumentError(
            f"dimension: got {p}, but 1 (a curve) or 2 (a sheet) is wanted, and no more than the "
            f"{system.state_size} states of the system."
        )
    states, u = _read_seeds(system, seed, inputs)
    gap = check_real("gap", gap, least=1)
    bound = check_real("bound", bound, least=1)
    length = np.inf if max_length is None else check_real("max_length", max_length, above=0)
    most = check_whole("max_steps", _MAX_STEPS[p] if max_steps is None else max_steps, least=1)
    longest = None if step is None else check_real("step", step, above=0)
    motion = Motion(system, u)
    first = _first_node(motion, states, p, gap)
    size = max(1.0, float(np.linalg.norm(first.state)))
    limits = Limits(longest or _STEP[p] * size, most, length, gap, bound * size)
    return _curve(motion, first, limits) if p == 1 else _sheet(motion, first, limits)


def _read_seeds(
    system: System, seed: Any, inputs: Any
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, " m"]]:
    """Return the seeds and the one input that they share."""
    if hasattr(seed, "xstar") or hasattr(seed, "end"):
        inputs = seed.inputs if inputs is None else inputs
        seed = seed.xstar if hasattr(seed, "xstar") else seed.end
    states = read_states("seed", seed, system.state_size)
    if not len(states):
        raise ArgumentError("seed: got no state; pass at least one fixed point or state.")
    rows = read_inputs("inputs", inputs, len(states), system.input_size)
    different = len(np.unique(rows, axis=0)) if rows.shape[1] else 1
    if different > 1:
        raise ArgumentError(
            f"inputs: the seeds belong to {different} different inputs, but a manifold belongs to "
            f"one; pass the seeds of one input, such as points[rows]."
        )
    return states, rows[0]


def _first_node(motion: Motion, states: Float[np.ndarray, "k d"], p: int, gap: float) -> Node:
    """Return the state of a slow manifold to which the slowest of the seeds leads."""
    system = motion.system
    inputs = np.tile(motion.inputs, (len(states), 1))
    jacobians = np.asarray(system.jacobian(states, inputs), dtype=np.float64)
    finite = np.isfinite(jacobians).all(axis=(1, 2))
    if not finite.any():
        raise ArgumentError("seed: the Jacobian is not finite at any of them; pass other states.")
    states = states[finite]
    values = np.linalg.eigvals(jacobians[finite])
    centre = 1.0 if system.kind == "map" else 0.0
    distance = np.sort(np.abs(values - centre), axis=1)[:, p - 1]
    order = np.argsort(distance, kind="stable")[:_TRIALS]
    for row in order:
        modes = slow_modes(motion.dynamics_jacobian(states[row]), system.kind, p)
        if isinstance(modes, SlowModes):
            frame = _signed(modes.frame)
            node = find_node(motion, states[row], frame, frame, gap)
            if isinstance(node, Node):
                return node
    raise ArgumentError(_no_seed(motion, states[order[0]], values[order[0]], p, gap))


def _signed(frame: Float[np.ndarray, "d p"]) -> Float[np.ndarray, "d p"]:
    """Return the frame with the largest entry of each column positive, so that runs agree."""
    largest = np.argmax(np.abs(frame), axis=0)
    return frame * np.sign(frame[largest, np.arange(frame.shape[1])])


def _no_seed(motion: Motion, state: np.ndarray, values: np.ndarray, p: int, gap: float) -> str:
    """Return the words for seeds that lead to no slow manifold."""
    kind = motion.system.kind
    centre = 1 if kind == "map" else 0
    nearest = values[np.argsort(np.abs(values - centre))]
    told = ", ".join(f"{v:.4g}" for v in np.real_if_close(nearest[: p + 1]))
    modes = slow_modes(motion.dynamics_jacobian(state), kind, p)
    if isinstance(modes, End):
        why = modes.sentence
    elif modes.separation < gap or (kind == "map" and modes.pace > 1):
        steps = f", and its pace |log |lambda|| is {modes.pace:.3g}" if kind == "map" else ""
        why = f"its time constant is {modes.separation:.3g} times that of the next one{steps}"
    else:
        why = "no state of a slow manifold was found near it"
    return (
        f"seed: no slow manifold of dimension {p} starts there. The eigenvalues nearest to "
        f"{centre} at the slowest seed are {told}: {why}. Slow modes must be real"
        f"{' or span a plane' if p == 2 else ''}, live {gap:g} times as long as the next one (gap)"
        f"{' and at least one step' if kind == 'map' else ''}. Pass other seeds, a smaller gap"
        f"{', or dimension=2 for a pair of slow modes' if p == 1 else ''}."
    )


def _curve(motion: Motion, first: Node, limits: Limits) -> SlowManifold:
    """Return the line or ring through a node."""
    row, place, ends = _both_ways(motion, first, 0, limits)
    return _record(motion, [row], [place], ends, sheet=False)


def _sheet(motion: Motion, first: Node, limits: Limits) -> SlowManifold:
    """Return the sheet through a node: a tooth from every node of a spine."""
    spine, _, ends = _both_ways(motion, first, 0, limits)
    teeth = [_both_ways(motion, node, 1, limits) for node in spine]
    common = [Counter(tooth[2][side] for tooth in teeth).most_common(1)[0][0] for side in (0, 1)]
    rows, places = [tooth[0] for tooth in teeth], [tooth[1] for tooth in teeth]
    return _record(motion, rows, places, (*ends, *common), sheet=True)


def _both_ways(
    motion: Motion, first: Node, axis: int, limits: Limits
) -> tuple[list[Node], int, tuple[End, End]]:
    """Return the nodes along one direction, the place of the first one, and both ends."""
    ahead, end = follow(motion, first, axis, 1.0, limits)
    if end is End.CLOSED:
        return [first, *ahead], 0, (end, end)
    behind, start = follow(motion, first, axis, -1.0, limits)
    return [*behind[::-1], first, *ahead], len(behind), (start, end)


def _record(
    motion: Motion,
    rows: list[list[Node]],
    places: list[int],
    ends: tuple[End, ...],
    *,
    sheet: bool,
) -> SlowManifold:
    """Return the record of nodes in rows; the nodes at the rows' places come under each other."""
    before = max(places)
    width = before + max(len(row) - place for row, place in zip(rows, places, strict=True))

    def collect(value: Any) -> np.ndarray:
        example = np.asarray(value(rows[0][0]))
        grid = np.full((len(rows), width, *example.shape), np.nan, dtype=example.dtype)
        for k, (row, place) in enumerate(zip(rows, places, strict=True)):
            grid[k, before - place : before - place + len(row)] = [value(node) for node in row]
        return grid if sheet else grid[0]

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
        kind=system.kind,
        dt=system.dt,
    )
