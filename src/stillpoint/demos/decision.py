"""How a network decides: its fixed points, its ghosts, and the slow line between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .. import plots
from ..files import write_atomically
from ..frameworks.base import adapter
from ..local import linearize
from ..points import SlowPoints, find_slow_points, points_slower_than
from ..portrait import SlowManifold, follow_slow_manifold
from ..projection import fit_pca
from ..status import ArgumentError, check_real
from ..system import System
from ..tasks import PerceptualDecision, ReadoutNetwork, load_network

_TRIALS = 100
_TAU = 100.0  # ms, the time constant of a unit

# Where the classic picture puts its threshold on |F(x) - x|.
_SPEEDS = np.geomspace(1e-2, 2.0, 8)
_CHOICES = ("#00798c", "#d1495b")


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
    why_none
        Why there is none.
    """

    coherence: float
    slow: SlowPoints
    line: SlowManifold | None
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
        How many distinct states are slower than each of `speeds`, from the same starts.
    """

    accuracy: float
    trajectories: Float[np.ndarray, "n t d"]
    choices: Int[np.ndarray, " n"]
    evidence: list[UnderEvidence]
    speeds: Float[np.ndarray, " s"]
    sample_sizes: Int[np.ndarray, " s"]

    @property
    def neutral(self) -> UnderEvidence:
        """What happens without evidence for either side."""
        return next(under for under in self.evidence if under.coherence == 0)


def task_for(alpha: float) -> PerceptualDecision:
    """Return the task with steps of alpha time constants of 100 ms.

    Raises
    ------
    ArgumentError
        If the periods are not whole numbers of such steps.
    """
    return PerceptualDecision(dt=check_real("alpha", alpha, above=0) * _TAU)


def network_for(
    alpha: float, train: bool, epochs: int, seed: int, save_to: Path
) -> tuple[ReadoutNetwork, str]:
    """Return the network that comes with the package, or train one; and where it is from.

    Raises
    ------
    ArgumentError
        If no such network comes with the package and it is not to be trained.
    MissingExtraError
        If it is to be trained and torch is not installed.
    """
    if not train:
        if alpha != 1:
            raise ArgumentError(
                f"alpha: got {alpha:g}, but the network that comes with the package has alpha 1; "
                f"add --train to train another one."
            )
        return load_network("decision"), "comes with the package"
    adapter("torch")  # a clear error where it is missing
    from ..models import LeakyElmanRNN
    from ..tasks.training import train as fit

    options: dict[str, Any] = {"batch": 16, "rate": 1e-3, "schedule": "constant", "stop_at": None}
    module = LeakyElmanRNN(3, 64, alpha=alpha, seed=seed)
    trained = fit(task_for(alpha), module, max_steps=64 * epochs, seed=seed, **options)
    network, path = trained.as_network(), save_to / "decision_relu_64.npz"
    network.save(path)
    return network, f"trained now, weights in {path}"


def tell(network: ReadoutNetwork, task: PerceptualDecision, seed: int = 0) -> Story:
    """Run the task, and take the network apart under every strength of the evidence."""
    rng = np.random.default_rng(seed)
    tested = task.sample(4096, rng)
    trials = task.sample(_TRIALS, rng)
    states, outputs = network.run(trials.inputs)
    starts = states.reshape(-1, states.shape[-1])
    strengths = [c for c in sorted(task.coherences) if c > 0]
    signed = [-c for c in strengths[::-1]] + [0.0] + strengths
    neutral = task.constant_input()
    slower = [points_slower_than(network.system, starts, neutral, speed=speed) for speed in _SPEEDS]
    return Story(
        accuracy=task.accuracy(network.run(tested.inputs)[1], tested),
        trajectories=states,
        choices=(outputs[:, -1, 2] > outputs[:, -1, 1]).astype(np.int64),
        evidence=[_under(network.system, starts, task, coherence) for coherence in signed],
        speeds=_SPEEDS,
        sample_sizes=np.array([len(np.unique(s.end.round(2), axis=0)) for s in slower]),
    )


def _under(
    system: System, starts: Float[np.ndarray, "k d"], task: PerceptualDecision, coherence: float
) -> UnderEvidence:
    inputs = task.constant_input(abs(coherence), choice=int(coherence < 0))
    slow = find_slow_points(system, starts, inputs)
    try:
        line = follow_slow_manifold(system, slow if len(slow) else starts, inputs)
    except ArgumentError as error:
        return UnderEvidence(coherence, slow, None, str(error))
    return UnderEvidence(coherence, slow, line)


def table(story: Story) -> list[str]:
    """Return what was found under each strength of the evidence, in lines of text."""
    lines = [
        f"{'coherence':>10} {'fixed points':>13} {'ghosts':>7} {'slowest':>8} {'|λ| there':>18} "
        f"{'line':>6} {'drift':>6} {'places of rest':>15}"
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


def draw(story: Story, network: ReadoutNetwork, path: Path) -> Path:
    """Draw the whole story into one figure and save it to `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 8.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3)
    pca = fit_pca(story.trajectories, 2)
    _draw_training(network, axes[0, 0])
    _draw_portrait(story, pca, axes[0, 1])
    _draw_spectrum(story, network.system, axes[0, 2])
    _draw_coherences(story, pca, axes[1, 0])
    _draw_drift(story, pca, axes[1, 1])
    _draw_thresholds(story, axes[1, 2])
    return write_atomically(
        path, lambda file: figure.savefig(file, dpi=110, bbox_inches="tight", pad_inches=0.15)
    )


def _draw_training(network: ReadoutNetwork, ax: Any) -> None:
    for name, curve in network.history.items():
        window = min(64, len(curve))  # an epoch
        smooth = np.convolve(curve, np.ones(window) / window, mode="valid")
        ax.plot(np.arange(window, len(curve) + 1), smooth, label=name)
    ax.set(title="Training, averaged over 64 batches", xlabel="batch", ylim=(0, 1))
    if network.history:
        ax.legend(frameon=False)


def _draw_portrait(story: Story, pca: Any, ax: Any) -> None:
    under = story.neutral
    colours = [_CHOICES[choice] for choice in story.choices]
    plots.slow_points(under.slow, story.trajectories, colours=colours, projection=pca, ax=ax)
    if under.line is not None:
        plots.slow_manifold(under.line, projection=pca, ax=ax)
    ax.set_title("100 trials by choice; without evidence:\nminima of the speed and the slow line")
    if len(under.slow):
        ax.legend(loc="upper right", fontsize="small", frameon=False)


def _draw_spectrum(story: Story, system: System, ax: Any) -> None:
    slow = story.neutral.slow
    if len(slow):
        plots.spectrum(linearize(system, slow), ax=ax)
    ax.set_title("Eigenvalues at these minima")


def _draw_coherences(story: Story, pca: Any, ax: Any) -> None:
    for under in story.evidence:
        place = pca.points(under.slow.xstar)[:, 0]
        fixed = under.slow.label == "fixed point"
        for rows, style in ((fixed, {"color": "#1b1b1b"}), (~fixed, {"facecolor": "none"})):
            level = np.full(int(rows.sum()), under.coherence)
            size = 10 + 60 * np.sqrt(under.slow.hits[rows] / len(under.slow.starts))
            edge = {} if "color" in style else {"edgecolor": _CHOICES[1]}
            ax.scatter(level, place[rows], s=size, marker="o", **style, **edge)
    ax.set(
        title="Fixed points (filled) and ghosts (open)\nby evidence; larger: more starts",
        xlabel="coherence, % (positive: channel 1)",
        ylabel="PC 1",
    )


def _draw_drift(story: Story, pca: Any, ax: Any) -> None:
    import matplotlib as mpl

    ax.axhline(0, color="#b8bec7", lw=1, zorder=0)
    largest = max(abs(under.coherence) for under in story.evidence)
    for under in story.evidence:
        if under.line is None:
            continue
        place = pca.points(under.line.states)[:, 0]
        tangent = pca.directions(under.line.tangents[..., 0])[:, 0]
        shade = mpl.colormaps["coolwarm"](0.5 - 0.5 * under.coherence / largest)
        told = f"{under.coherence:+.0f} %"
        ax.plot(place, tangent * under.line.drift[:, 0], color=shade, label=told, lw=1.5)
    ax.set(title="Drift along the slow line", xlabel="PC 1", ylabel="PC 1 per step")
    if ax.lines[1:]:
        ax.legend(fontsize="small", frameon=False)


def _draw_thresholds(story: Story, ax: Any) -> None:
    ax.semilogx(story.speeds, story.sample_sizes, "o-", color="#b8bec7", label="states below it")
    ax.axhline(len(story.neutral.slow), color="#1b1b1b", lw=1.5, label="minima of the speed")
    ax.set(
        title="What a threshold on the speed would count",
        xlabel="threshold on |F(x) − x|",
        ylabel="distinct states",
    )
    ax.legend(frameon=False)
