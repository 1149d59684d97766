"""One way along a manifold: predict along the tangent, correct, choose the next step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...local import SlowModes, slow_modes
from ..ends import End
from .corrector import Motion, correct

# A step is shortened where the frame turns by more than this, in radians ...
_TURN = 0.2
# ... down to this share of the longest step, where a kink of up to this angle is passed.
_SHORTEST = 1 / 256
_KINK = np.pi / 3
_SHRINK, _GROWTH = 0.5, 2.0
# The corrector may move a prediction by this share of the step.
_REACH = 0.5
# A path has closed where it passes one of its nodes this near, in longest steps.
_CLOSING = 0.1


@dataclass(frozen=True)
class Limits:
    """How far a manifold is followed, in which steps, and how slow it must be.

    Attributes
    ----------
    step, max_steps, max_length
        Longest step, number of steps, and length of one way along the manifold.
    gap
        The least separation of the slow modes from the others.
    radius
        The largest |x|.
    """

    step: float
    max_steps: int
    max_length: float
    gap: float
    radius: float


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
    motion: Motion,
    anchor: Float[np.ndarray, " d"],
    section: Float[np.ndarray, "d p"],
    border: Float[np.ndarray, "d p"],
    gap: float,
    reach: float = np.inf,
) -> Node | End:
    """Return the state of the manifold in the section through `anchor`, or why there is none."""
    found = correct(motion, anchor, section, border, reach)
    if found is None:
        return End.NOT_FOUND
    kind = motion.system.kind
    modes = slow_modes(motion.dynamics_jacobian(found.state), kind, section.shape[1])
    if isinstance(modes, End):
        return modes
    if modes.separation < gap or (kind == "map" and modes.pace > 1):
        return End.NOT_SLOW
    modes = modes.aligned(section)
    drift = modes.frame.T @ (found.frame @ found.drift)
    return Node(found.state, drift, modes, found.frame, found.settled)


def follow(
    motion: Motion, first: Node, axis: int, sign: float, limits: Limits
) -> tuple[list[Node], End]:
    """Return the nodes behind `first` along one column of its frame, and how the path ends.

    Where the path returns to `first`, that node is not repeated.
    """
    nodes, length, step = [first], 0.0, limits.step
    shortest = _SHORTEST * limits.step
    while len(nodes) <= limits.max_steps:
        last, left = nodes[-1], limits.max_length - length
        if left <= 1e-9 * limits.step:
            return nodes[1:], End.MAX_LENGTH
        stride = min(step, left)
        anchor = last.state + sign * stride * last.frame[:, axis]
        reach = _REACH * stride
        if step <= shortest:  # at a kink the manifold may jump by about as much as it drifts
            reach = limits.step + 2 * float(np.linalg.norm(last.drift))
        node = find_node(motion, anchor, last.frame, last.border, limits.gap, reach)
        if not isinstance(node, End) and _turns(last, node, _KINK if step <= shortest else _TURN):
            node = End.NOT_SLOW  # another mode takes its place
        if isinstance(node, End):
            if step <= shortest:
                return nodes[1:], node
            step = max(_SHRINK * step, shortest)
            continue
        if np.linalg.norm(node.state) > limits.radius:
            return nodes[1:], End.OUT_OF_BOUNDS
        met = _met(nodes, node, axis, sign, limits.step)
        if met is not None:
            return nodes[1:], End.CLOSED if met == 0 else End.JOINED
        nodes.append(node)
        length += float(np.linalg.norm(node.state - last.state))
        step = min(_GROWTH * step, limits.step)
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
    with np.errstate(divide="ignore", invalid="ignore"):
        share = -before / ahead
    near = last + share[:, None] * (node.state - last) - states
    passed = (ahead > 0) & (before < 0) & (before + ahead >= 0)
    passed &= np.linalg.norm(near, axis=1) < _CLOSING * step
    return int(np.argmax(passed)) if passed.any() else None
