"""Continuous attractors: curves and sheets along which a network moves slowly or not at all."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_real, check_whole, read_inputs, read_states
from ...errors import ArgumentError
from ...local import NoSlowModes, SlowModes
from ...points import FixedPoints, SlowPoints, Starts
from ...search.options import provenance
from ...system import System, check_system
from .corrector import UnderInput
from .lines import curve, sheet
from .path import Limits, Node, find_node, is_slow
from .record import SlowManifold

# The longest step by dimension, in sizes of the state from which the manifold is followed.
_STEP_SIZE = {1: 0.05, 2: 0.1}
# The number of steps each way, by dimension.
_MAX_STEPS = {1: 1000, 2: 30}
# How many starts are tried, the slowest first.
_TRIALS = 20


@np.errstate(all="ignore")
def follow_slow_manifold(
    system: System,
    start: Any,
    inputs: Any = None,
    *,
    dimension: int = 1,
    step_size: float | None = None,
    max_steps: int | None = None,
    max_length: float | None = None,
    min_separation: float = 2.0,
    max_norm: float = 10.0,
) -> SlowManifold:
    """Follow the manifold along which a network moves slowly: a line, a ring or a sheet.

    A continuous attractor of a trained network is hardly ever made of fixed points: few of them
    lie on a manifold along which the state drifts slowly, while all other directions decay fast.
    A state x belongs to it where the motion r(x) = F(x, u) - x (f(x, u) for a flow) lies in the
    span of the slow eigenvectors of the Jacobian at x itself; fixed points do. From one such state
    the manifold is followed with a predictor along the slow eigenvector and a Newton corrector on
    the bordered system (Keller 1977; Allgower and Georg 1990), so every end has a reason. Steps
    are halved where the manifold bends and at the kinks of piecewise linear networks. Where another
    mode grows instead of decaying, states leave the manifold, and its first line says where.

    Parameters
    ----------
    system
        A map or a flow.
    start
        Where to begin: `FixedPoints`, `SlowPoints`, the ends of `Starts`, or states, shape (k, d).
        Of several the one with the slowest mode is taken: the eigenvalue of the
        Jacobian nearest to 1 (to 0 for a flow); the next one, up to 20, if from there no state of
        a slow manifold is found. States need not lie on the manifold.
    inputs
        The one input under which the manifold is followed, shape (m,); that of the points if
        left out.
    dimension
        1 for a curve, 2 for a sheet: a first coordinate line along one slow direction, and through
        every node of it a second one along the other.
    step_size
        Longest distance between two nodes; by default ``.05 max(1, |start|)``, for a sheet .1.
    max_steps
        Largest number of nodes each way from the start; by default 1000, for a sheet 30.
    max_length
        Largest length each way from the start; none by default.
    min_separation
        How much longer than the slowest other mode the slow ones must live: the manifold ends
        where the ratio of the time constants, ``|log |lambda_other|| / |log |lambda_slow||``
        (``|Re lambda|`` for a flow), falls below. At least 1. A slow mode of a map must also
        outlast one step: ``|log |lambda|| <= 1``.
    max_norm
        The manifold ends where ``|x|`` exceeds this many times ``max(1, |start|)``; at least 1.

    Raises
    ------
    ArgumentError
        If shapes do not fit the system, the starts belong to several inputs or are none, a setting
        is out of range, or no start leads to a slow manifold; the message says how far the slowest
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
    >>> sp.follow_slow_manifold(system, np.zeros((1, 2)), max_norm=2.0)
    slow manifold: line of length 3.9 in 2 states, 79 nodes, attracting
    drift       mean 0.00098, at most 0.0019 per step; 1 zero (1 attracts)
    memory      4e+03 steps to drift along it, as far as it was followed
    slow mode   lambda 0.9990
    transverse  |lambda| at most 0.5000, decays within 1.4 steps
    ends        diverged: its norm exceeded the bound; diverged: its norm exceeded the bound
    """
    check_system(system)
    p = check_whole("dimension", dimension, least=1)
    if p > min(2, system.state_size):
        raise ArgumentError(
            f"dimension: got {p}, but 1 (a curve) or 2 (a sheet) is wanted, and no more than the "
            f"{system.state_size} states of the system."
        )
    x, u = _read_starts(system, start, inputs)
    separation = check_real("min_separation", min_separation, least=1)
    norm = check_real("max_norm", max_norm, least=1)
    length = np.inf if max_length is None else check_real("max_length", max_length, above=0)
    most = check_whole("max_steps", _MAX_STEPS[p] if max_steps is None else max_steps, least=1)
    longest = None if step_size is None else check_real("step_size", step_size, above=0)
    motion = UnderInput(system, u)
    first = _first_node(motion, x, p, separation)
    size = max(1.0, float(np.linalg.norm(first.state)))
    limits = Limits(longest or _STEP_SIZE[p] * size, most, length, separation, norm * size)
    manifold = curve(motion, first, limits) if p == 1 else sheet(motion, first, limits)
    told = provenance("follow_slow_manifold", system, x, dimension=p, **asdict(limits))
    return replace(manifold, provenance=told)


def _read_starts(
    system: System, start: Any, inputs: Any
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, " m"]]:
    """Return the starts and the one input that they share."""
    if isinstance(start, FixedPoints | SlowPoints | Starts):
        inputs = start.inputs if inputs is None else inputs
        start = start.end if isinstance(start, Starts) else start.xstar
    states = read_states("start", start, system.state_size)
    if not len(states):
        raise ArgumentError("start: got no state; pass at least one fixed point or state.")
    rows = read_inputs("inputs", inputs, len(states), system.input_size)
    different = len(np.unique(rows, axis=0)) if rows.shape[1] else 1
    if different > 1:
        raise ArgumentError(
            f"inputs: the starts belong to {different} different inputs, but a manifold belongs "
            f"to one; pass the starts of one input, such as points[rows]."
        )
    return states, rows[0]


def _first_node(
    motion: UnderInput, states: Float[np.ndarray, "k d"], p: int, min_separation: float
) -> Node:
    """Return the state of a slow manifold to which the slowest of the starts leads."""
    system = motion.system
    inputs = np.tile(motion.inputs, (len(states), 1))
    jacobians = np.asarray(system.jacobian(states, inputs), dtype=np.float64)
    finite = np.isfinite(jacobians).all(axis=(1, 2))
    if not finite.any():
        raise ArgumentError("start: the Jacobian is not finite at any of them; pass other states.")
    states = states[finite]
    values = np.linalg.eigvals(jacobians[finite])
    centre = 1.0 if system.kind == "map" else 0.0
    distance = np.sort(np.abs(values - centre), axis=1)[:, p - 1]
    order = np.argsort(distance, kind="stable")[:_TRIALS]
    for row in order:
        modes = motion.slow_modes(states[row], p)
        if isinstance(modes, SlowModes):
            frame = _signed(modes.frame)
            node = find_node(motion, states[row], frame, frame, min_separation)
            if isinstance(node, Node):
                return node
    raise ArgumentError(_no_start(motion, states[order[0]], values[order[0]], p, min_separation))


def _signed(frame: Float[np.ndarray, "d p"]) -> Float[np.ndarray, "d p"]:
    """Return the frame with the largest entry of each column positive, so that runs agree."""
    largest = np.argmax(np.abs(frame), axis=0)
    return frame * np.sign(frame[largest, np.arange(frame.shape[1])])


def _no_start(
    motion: UnderInput, state: np.ndarray, values: np.ndarray, p: int, min_separation: float
) -> str:
    """Return the message for starts that lead to no slow manifold."""
    kind = motion.system.kind
    centre = 1 if kind == "map" else 0
    nearest = values[np.argsort(np.abs(values - centre))]
    told = ", ".join(f"{v:.4g}" for v in np.real_if_close(nearest[: p + 1]))
    modes = motion.slow_modes(state, p)
    if isinstance(modes, NoSlowModes):
        why = modes.sentence
    elif not is_slow(modes, kind, min_separation):
        steps = f", and its pace |log |lambda|| is {modes.pace:.3g}" if kind == "map" else ""
        why = f"its time constant is {modes.separation:.3g} times that of the next one{steps}"
    else:
        why = "no state of a slow manifold was found near it"
    return (
        f"start: no slow manifold of dimension {p} starts there. The eigenvalues nearest to "
        f"{centre} at the slowest start are {told}: {why}. Slow modes must be real"
        f"{' or span a plane' if p == 2 else ''}, live {min_separation:g} times as long as the "
        f"next one (min_separation){' and at least one step' if kind == 'map' else ''}. Pass other "
        f"states, a smaller min_separation"
        f"{', or dimension=2 for a pair of slow modes' if p == 1 else ''}."
    )
