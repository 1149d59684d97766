"""How a network decides: its fixed points, its ghosts, and the slow line between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.display import plural
from .._core.validation import check_real, check_whole
from ..branches.slow_manifold import SlowManifold, follow_slow_manifold
from ..diagrams import Diagram, follow_points, path
from ..errors import ArgumentError
from ..frameworks.base import adapter
from ..points import SlowPoints
from ..search import find_slow_points, sample_slow_states
from ..tasks import PerceptualDecision, ReadoutNetwork, load_network
from .shared import trained_now

# Searches start from every fourth state of a hundred trials: neighbours in time end alike.
_TRIALS, _EVERY = 100, 4
_TAU = 100.0  # ms, the time constant of a unit

# Where the classic picture puts its threshold on |F(x) - x|.
_SPEEDS = np.geomspace(1e-2, 2.0, 8)


# From so near a saddle orbits are followed for at most so many steps, until they are as far from it
# as it is large.
_ASIDE, _LONGEST = 1e-3, 1000


@dataclass(frozen=True, eq=False)
class UnderEvidence:
    """What the network does while the evidence stays the same.

    Attributes
    ----------
    coherence
        In percent, negative for channel 2.
    slow
        The minima of the speed.
    line
        The slow line through them, or None where there is none.
    beside
        Which choices the network makes from the two sides of each saddle with one unstable
        direction, 0 or 1.
    why_none
        Why there is no line.
    """

    coherence: float
    slow: SlowPoints
    line: SlowManifold | None
    beside: list[tuple[int, int]]
    why_none: str = ""


@dataclass(frozen=True, eq=False)
class Story:
    """What the demo found.

    Attributes
    ----------
    accuracy
        The fraction of trials decided rightly.
    trajectories, choices
        Of 100 trials: states, shape (trials, time, d), and what was chosen, 0 or 1.
    evidence
        One entry for every signed coherence, in ascending order.
    sample_sizes
        How many states, told apart in their second decimal, the same starts reach below each of
        `speeds`.
    diagram
        The fixed points along the evidence, from full evidence for channel 2 to that for channel 1.
    distance
        Median distance of the states under stimulus from the slow line without evidence; NaN
        where there is none.
    """

    accuracy: float
    trajectories: Float[np.ndarray, "n t d"]
    choices: Int[np.ndarray, " n"]
    evidence: list[UnderEvidence]
    speeds: Float[np.ndarray, " s"]
    sample_sizes: Int[np.ndarray, " s"]
    diagram: Diagram
    distance: float

    @property
    def neutral(self) -> UnderEvidence:
        """What happens without evidence for either side."""
        return next(under for under in self.evidence if under.coherence == 0)


def task_for(alpha: float) -> PerceptualDecision:
    """Return the task with steps of alpha time constants of 100 ms."""
    return PerceptualDecision(dt=check_real("alpha", alpha, above=0) * _TAU)


def network_for(
    alpha: float, train: bool, epochs: int | None, seed: int, save_to: Path
) -> tuple[ReadoutNetwork, str]:
    """Return the network that comes with the package, or train one; and where it is from."""
    if not train:
        if epochs is not None:
            raise ArgumentError(f"epochs: got {epochs}, but nothing is trained; add --train.")
        if alpha != 1:
            raise ArgumentError(
                f"alpha: got {alpha:g}, but the network that comes with the package has alpha 1; "
                f"add --train to train another one."
            )
        return load_network("decision"), "comes with the package"
    adapter("torch")  # a clear error where it is missing
    from ..models import LeakyElmanRNN

    options: dict[str, Any] = {"batch": 16, "rate": 1e-3, "schedule": "constant", "stop_at": None}
    options["max_steps"] = 64 * (20 if epochs is None else check_whole("epochs", epochs, least=1))
    module = LeakyElmanRNN(3, 64, alpha=alpha, seed=seed)
    path = save_to / "decision_relu_64.npz"
    return trained_now(task_for(alpha), module, path, seed=seed, **options)


def tell(network: ReadoutNetwork, task: PerceptualDecision, seed: int = 0) -> Story:
    """Run the task, and take the network apart under every strength of the evidence."""
    rng = np.random.default_rng(seed)
    tested = task.sample(4096, rng)
    trials = task.sample(_TRIALS, rng)
    states, outputs = network.run(trials.inputs)
    starts = states[:, ::_EVERY].reshape(-1, states.shape[-1])
    strengths = [c for c in sorted(task.coherences) if c > 0]
    signed = [-c for c in strengths[::-1]] + [0.0] + strengths
    neutral = task.constant_input()
    evidence = [_under(network, starts, task, coherence) for coherence in signed]
    line = next(under.line for under in evidence if under.coherence == 0)
    during = states[:, task.periods["stimulus"]].reshape(-1, states.shape[-1])
    slower = [sample_slow_states(network.system, starts, neutral, speed=speed) for speed in _SPEEDS]
    return Story(
        accuracy=task.accuracy(network.run(tested.inputs)[1], tested),
        trajectories=states,
        choices=(outputs[:, -1, 2] > outputs[:, -1, 1]).astype(np.int64),
        evidence=evidence,
        speeds=_SPEEDS,
        sample_sizes=np.array([len(np.unique(s.end.round(2), axis=0)) for s in slower]),
        diagram=_along_evidence(network, task, evidence),
        distance=np.nan if line is None else float(np.median(line.project(during)[1])),
    )


def _along_evidence(
    network: ReadoutNetwork, task: PerceptualDecision, evidence: list[UnderEvidence]
) -> Diagram:
    """Follow the fixed points that were found under every strength of the evidence."""
    most = max(under.coherence for under in evidence)
    corners = [task.constant_input(most, choice=1), task.constant_input()]
    along = path(*corners, task.constant_input(most), values=[-most, 0, most])
    known = SlowPoints.concatenate([under.slow for under in evidence])
    return follow_points(network.system, known, along, checks=0)


def _under(
    network: ReadoutNetwork,
    starts: Float[np.ndarray, "k d"],
    task: PerceptualDecision,
    coherence: float,
) -> UnderEvidence:
    system = network.system
    inputs = task.constant_input(abs(coherence), choice=int(coherence < 0))
    slow = find_slow_points(system, starts, inputs)
    one_unstable = slow.linearization.n_unstable == 1
    saddles = slow.take(np.flatnonzero((slow.label == "fixed point") & one_unstable))
    beside = [_choices(network, saddles, row) for row in range(len(saddles))]
    try:
        line = follow_slow_manifold(system, slow if len(slow) else starts, inputs)
    except ArgumentError as error:
        return UnderEvidence(coherence, slow, None, beside, str(error))
    return UnderEvidence(coherence, slow, line, beside)


def _choices(network: ReadoutNetwork, saddles: SlowPoints, row: int) -> tuple[int, int]:
    """Return what is chosen on both sides of a saddle, once the orbits from there are far away."""
    along = saddles.linearization.right[row, :, 0].real
    x, u = saddles.xstar[row] + _ASIDE * np.outer((-1, 1), along), saddles.inputs[row]
    size = np.linalg.norm(saddles.xstar[row])
    system = network.system
    for _ in range(_LONGEST):
        x = system.step(x, u)
        if (np.linalg.norm(x - saddles.xstar[row], axis=1) > size).all():
            break
    outputs = network.read_out(x)
    one, other = (outputs[:, 2] > outputs[:, 1]).tolist()
    return int(one), int(other)


def between_choices(under: UnderEvidence) -> list[str]:
    """Return which choices each saddle with one unstable direction lies between, in sentences."""
    told = []
    for one, other in under.beside:
        where = f"choice {1 + one} and choice {1 + other}"
        told.append(
            f"a saddle with one unstable direction separates {where}"
            if one != other
            else f"both sides of a saddle with one unstable direction lead to choice {1 + one}"
        )
    return told


def table(story: Story) -> list[str]:
    """Return what was found under each strength of the evidence, in lines of text."""
    lines = [
        f"{'coherence':>10} {'fixed points':>13} {'ghosts':>7} {'slowest':>8} {'|λ| there':>18} "
        f"{'line':>6} {'drift':>6} {'zeros of drift':>15}"
    ]
    for under in story.evidence:
        slow, line = under.slow, under.line
        speed = f"{slow.speed[0]:.2g}" if len(slow) else "-"
        leading = "-"
        if len(slow):
            leading = ", ".join(f"{value:.2f}" for value in np.abs(slow.eigenvalues[0, :3]))
        told = f"{'none':>6} {'':>6} {'':>15}"
        if line is not None:
            rests = line.rests
            told = (
                f"{line.extent:>6.1f} {line.mean_drift:>6.2f} "
                f"{f'{len(rests)} ({int(rests.attracts.sum())} attract)':>15}"
            )
        lines.append(
            f"{under.coherence:>+9.1f}% {len(slow.fixed):>13} {len(slow.ghosts):>7} {speed:>8} "
            f"{leading:>18} {told}"
        )
    return lines


def along_evidence(story: Story) -> list[str]:
    """Return what happens to the fixed points along the evidence, in lines of text."""
    diagram = story.diagram
    if not len(diagram):
        return ["no fixed point under any evidence"]
    low, high = diagram.parameter.min(), diagram.parameter.max()
    lines = [
        f"fixed points along the evidence: {plural(len(diagram), 'branch', 'branches')}, coherence "
        f"{low:+.1f} to {high:+.1f}"
    ]
    return lines + [f"  {event.sentence}" for event in diagram.events]


def time_constants(under: UnderEvidence, task: PerceptualDecision) -> list[str]:
    """Return the longest time constants at each minimum, in lines of text."""
    lines = []
    for label, values in zip(under.slow.label, under.slow.eigenvalues, strict=True):
        with np.errstate(divide="ignore"):
            times = task.dt / np.abs(np.log(np.abs(values)))
        longest = ", ".join(f"{time:.0f}" for time in np.sort(times)[::-1][:4])
        lines.append(f"{label}: time constants {longest} ms, then shorter ones")
    return lines
