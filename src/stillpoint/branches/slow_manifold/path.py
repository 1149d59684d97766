"""One way along a manifold: predict along the tangent, correct, choose the next step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...dynamics import Kind
from ...local import NoSlowModes, SlowModes
from ..ends import End
from .corrector import UnderInput, correct

# A step is shortened where the frame turns by more than this, in radians ...
_TURN = 0.2
# ... down to this share of the longest step ...
_SHORTEST = 1 / 256
# ... at which a kink of up to this angle is passed.
_KINK = np.pi / 3
# What a step that fails is multiplied by.
_SHRINK = 0.5
# What the step after one that succeeds is multiplied by.
_GROWTH = 2.0
# The corrector may move a prediction by this share of the step.
_REACH = 0.5
# A path has closed where it passes one of its nodes this near, in longest steps.
_CLOSING = 0.1

# What it means for a path that there are no slow modes.
_END_OF = {
    NoSlowModes.NOT_FINITE: End.NOT_FOUND,
    NoSlowModes.NOT_APART: End.NOT_SLOW,
    NoSlowModes.ROTATES: End.ROTATES,
}


@dataclass(frozen=True)
class Limits:
    """How far a manifold is followed each way, in which steps, and how slow it must be."""

    step_size: float
    max_steps: int
    max_length: float
    min_separation: float
    max_norm: float


@dataclass(frozen=True, eq=False)
class Node:
    """One state of the manifold, its drift in the frame of its slow modes, and these modes.

    `border` is the frame along which the motion was asked to lie: that of the slow modes if
    `settled`, else that of an earlier node.
    """

    state: Float[np.ndarray, " d"]
    drift: Float[np.ndarray, " p"]
    modes: SlowModes
    border: Float[np.ndarray, "d p"]
    settled: bool

    @property
    def frame(self) -> Float[np.ndarray, "d p"]:
        """Orthonormal slow directions."""
        return self.modes.frame


def find_node(
    motion: UnderInput,
    anchor: Float[np.ndarray, " d"],
    section: Float[np.ndarray, "d p"],
    border: Float[np.ndarray, "d p"],
    min_separation: float,
    reach: float = np.inf,
) -> Node | End:
    """Return the state of the manifold in the section through `anchor`, or why there is none."""
    found = correct(motion, anchor, section, border, reach)
    if found is None:
        return End.NOT_FOUND
    modes = motion.slow_modes(found.state, section.shape[1])
    if isinstance(modes, NoSlowModes):
        return _END_OF[modes]
    if not is_slow(modes, motion.system.kind, min_separation):
        return End.NOT_SLOW
    modes = modes.aligned(section)
    drift = modes.frame.T @ (found.frame @ found.drift)
    return Node(found.state, drift, modes, found.frame, found.settled)


def is_slow(modes: SlowModes, kind: Kind, min_separation: float) -> bool:
    """Whether modes live long enough beside the others, and (in a map) longer than one step."""
    return modes.separation >= min_separation and (kind == "flow" or modes.pace <= 1)


def follow(
    motion: UnderInput, first: Node, axis: int, sign: float, limits: Limits
) -> tuple[list[Node], End]:
    """Return the nodes behind `first` along one column of its frame, and how the path ends.

    Where the path returns to `first`, that node is not repeated.
    """
    nodes, length, step = [first], 0.0, limits.step_size
    shortest = _SHORTEST * limits.step_size
    while len(nodes) <= limits.max_steps:
        last, left = nodes[-1], limits.max_length - length
        if left <= 1e-9 * limits.step_size:
            return nodes[1:], End.MAX_LENGTH
        stride = min(step, left)
        anchor = last.state + sign * stride * last.frame[:, axis]
        reach = _REACH * stride
        if step <= shortest:  # at a kink the manifold may jump by about as much as it drifts
            reach = limits.step_size + 2 * float(np.linalg.norm(last.drift))
        node = find_node(motion, anchor, last.frame, last.border, limits.min_separation, reach)
        if not isinstance(node, End) and _turns(last, node, _KINK if step <= shortest else _TURN):
            node = End.NOT_SLOW  # another mode takes its place
        if isinstance(node, End):
            if step <= shortest:
                return nodes[1:], node
            step = max(_SHRINK * step, shortest)
            continue
        if np.linalg.norm(node.state) > limits.max_norm:
            return nodes[1:], End.OUT_OF_BOUNDS
        met = _met(nodes, node, axis, sign, limits.step_size)
        if met is not None:
            return nodes[1:], End.CLOSED if met == 0 else End.JOINED
        nodes.append(node)
        length += float(np.linalg.norm(node.state - last.state))
        step = min(_GROWTH * step, limits.step_size)
    return nodes[1:], End.MAX_STEPS


def _turns(last: Node, node: Node, angle: float) -> bool:
    """Whether the slow directions of two nodes differ by more than an angle."""
    cosine = np.linalg.svd(last.frame.T @ node.frame, compute_uv=False)[-1]
    return bool(cosine < np.cos(angle))


def _met(nodes: list[Node], node: Node, axis: int, sign: float, step: float) -> int | None:
    """Return which of the earlier nodes the path to `node` passes again, the same way, if any."""
    last = nodes[-1].state
    states = np.array([earlier.state for earlier in nodes])
    tangents = sign * np.array([earlier.frame[:, axis] for earlier in nodes])
    ahead = tangents @ (node.state - last)
    before = np.einsum("ni,ni->n", tangents, last - states)
    share = -before / ahead
    near = last + share[:, None] * (node.state - last) - states
    passed = (ahead > 0) & (before < 0) & (before + ahead >= 0)
    passed &= np.linalg.norm(near, axis=1) < _CLOSING * step
    return int(np.argmax(passed)) if passed.any() else None
