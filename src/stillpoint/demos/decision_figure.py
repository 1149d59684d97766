"""The figure of the decision demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import plots
from .._core.pca import Projection, fit_pca
from ..tasks import ReadoutNetwork
from .decision import Story
from .shared import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CHOICES = ("#00798c", "#d1495b")
_POINT = "#1b1b1b"
_EVIDENCE = "viridis"  # from channel 2 to channel 1


def draw(story: Story, network: ReadoutNetwork, path: Path) -> Path:
    """Draw the whole story into one figure and save it to `path`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 8.6), layout="constrained")
    axes = figure.subplots(2, 3)
    pca = fit_pca(story.trajectories, 2)
    _draw_training(network, axes[0, 0])
    _draw_portrait(story, pca, axes[0, 1])
    _draw_spectrum(story, axes[0, 2])
    _draw_coherences(story, pca, axes[1, 0])
    _draw_drift(story, pca, axes[1, 1])
    _draw_thresholds(story, axes[1, 2])
    return save_figure(figure, path, dpi=110)


def _draw_training(network: ReadoutNetwork, ax: Axes) -> None:
    for name, curve in network.history.items():
        window = min(64, len(curve))  # an epoch
        smooth = np.convolve(curve, np.ones(window) / window, mode="valid")
        ax.plot(np.arange(window, len(curve) + 1), smooth, label=name)
    ax.set(title="Training, averaged over 64 batches", xlabel="batch", ylim=(0, 1))
    if network.history:
        ax.legend(frameon=False)


def _draw_portrait(story: Story, pca: Projection, ax: Axes) -> None:
    under = story.neutral
    colours = [_CHOICES[choice] for choice in story.choices]
    plots.slow_points(under.slow, story.trajectories, colours=colours, projection=pca, ax=ax)
    if under.line is not None:
        curve = plots.slow_manifold(under.line, projection=pca, ax=ax)["manifold"]
        curve.set_cmap("PuOr")
        ax.figure.colorbar(curve, ax=ax, label="drift along the slow line", shrink=0.7)
    for channel, shade in enumerate(_CHOICES, start=1):
        ax.plot([], [], color=shade, label=f"trials that chose {channel}")
    ax.set_title("100 trials; minima of the speed and\nthe slow line without evidence")
    ax.legend(loc="upper right", fontsize="small", frameon=False)


def _draw_spectrum(story: Story, ax: Axes) -> None:
    slow = story.neutral.slow
    if len(slow):
        plots.spectrum(slow, ax=ax)
        ax.legend(loc="lower left", fontsize="small", frameon=False)
        ax.margins(0.1)
    ax.set_title("Eigenvalues at these minima")


def _draw_coherences(story: Story, pca: Projection, ax: Axes) -> None:
    for under in story.evidence:
        place = pca.transform(under.slow.xstar)[:, 0]
        fixed = under.slow.label == "fixed point"
        for rows, face, edge in ((fixed, _POINT, _POINT), (~fixed, "none", _CHOICES[1])):
            level = np.full(int(rows.sum()), under.coherence)
            size = 10 + 60 * np.sqrt(under.slow.hits[rows] / len(under.slow.starts))
            ax.scatter(level, place[rows], s=size, marker="o", facecolor=face, edgecolor=edge)
    ax.set(
        title="Fixed points (filled) and ghosts (open)\nby evidence; larger: more starts",
        xlabel="coherence, % (positive: channel 1)",
        ylabel="PC 1",
    )


def _draw_drift(story: Story, pca: Projection, ax: Axes) -> None:
    import matplotlib as mpl

    ax.axhline(0, color="#b8bec7", lw=1, zorder=0)
    largest = max(abs(under.coherence) for under in story.evidence)
    for under in story.evidence:
        if under.line is None:
            continue
        place = pca.transform(under.line.states)[:, 0]
        tangent = pca.directions(under.line.tangents[..., 0])[:, 0]
        shade = mpl.colormaps[_EVIDENCE](0.5 + 0.45 * under.coherence / largest)
        told = f"{under.coherence:+.0f} %"
        ax.plot(place, tangent * under.line.drift[:, 0], color=shade, label=told, lw=1.5)
    missing = [f"{under.coherence:+.0f} %" for under in story.evidence if under.line is None]
    title = "Drift along the slow line" + (f"\n(none at {', '.join(missing)})" if missing else "")
    ax.set(title=title, xlabel="PC 1", ylabel="PC 1 per step")
    if ax.lines[1:]:
        ax.legend(fontsize="small", frameon=False)


def _draw_thresholds(story: Story, ax: Axes) -> None:
    ax.semilogx(story.speeds, story.sample_sizes, "o-", color="#b8bec7", label="states below it")
    ax.axhline(len(story.neutral.slow), color=_POINT, lw=1.5, label="minima of the speed")
    ax.set(
        title="What a threshold on the speed would count",
        xlabel="threshold on |F(x) − x|",
        ylabel="states that differ in the second decimal",
    )
    ax.legend(frameon=False)
