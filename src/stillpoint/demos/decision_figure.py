"""The figure of the decision demo."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import plots
from .._core.pca import Projection, fit_pca
from ..plots.parts.by import groups_of_points
from ..plots.parts.legend import complete
from ..plots.parts.marks import SEVERAL, draw_points, slow_statuses
from ..plots.parts.style import BLACK, CONDITIONS, GREY, LINES
from ..points import SlowPoints
from ..tasks import ReadoutNetwork
from .decision import Story
from .shared import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    for (name, curve), shade, dashes in zip(
        network.history.items(), CONDITIONS, LINES, strict=False
    ):
        window = min(64, len(curve))  # an epoch
        smooth = np.convolve(curve, np.ones(window) / window, mode="valid")
        ax.plot(np.arange(window, len(curve) + 1), smooth, color=shade, ls=dashes, label=name)
    ax.set(title="Training, averaged over 64 batches", xlabel="batch", ylim=(0, 1))
    if network.history:
        ax.legend(frameon=False)


def _draw_portrait(story: Story, pca: Projection, ax: Axes) -> None:
    under, chose = story.neutral, np.array(["chose channel 1", "chose channel 2"])
    plots.slow_points(
        under.slow, story.trajectories, trials_by=chose[story.choices], projection=pca, ax=ax
    )
    if under.line is not None:
        drawn = plots.slow_manifold(under.line, projection=pca, ax=ax)
        drawn["colorbars"][0].set_label("drift along the slow line")
    ax.set_title("100 trials; minima of the speed and\nthe slow line without evidence")


def _draw_spectrum(story: Story, ax: Axes) -> None:
    if len(story.neutral.slow):
        plots.spectrum(story.neutral.slow, ax=ax)
        ax.margins(0.1)
    ax.set_title("Eigenvalues at these minima")


def _draw_coherences(story: Story, pca: Projection, ax: Axes) -> None:
    every = SlowPoints.concatenate([under.slow for under in story.evidence])
    level, share = (
        np.repeat(values, [len(under.slow) for under in story.evidence])
        for values in np.array([(u.coherence, 1 / len(u.slow.starts)) for u in story.evidence]).T
    )
    place, area = pca.transform(every.xstar)[:, 0], 10 + 60 * np.sqrt(every.hits * share)
    draw_points(
        lambda rows, **style: ax.scatter(level[rows], place[rows], **style | {"s": area[rows]}),
        groups_of_points("label", every, own="label"),
        slow_statuses(every),
        several=SEVERAL,
    )
    if len(story.diagram):
        plots.diagram(story.diagram, pca, legend=False, ax=ax)
    ax.set(
        title="Minima of the speed by evidence (larger: more starts);\nfixed points followed",
        xlabel="coherence, % (positive: channel 1)",
        ylabel="PC 1",
    )
    complete(ax, legend=True)


def _draw_drift(story: Story, pca: Projection, ax: Axes) -> None:
    import matplotlib as mpl

    ax.axhline(0, color=GREY, lw=1, zorder=0)
    largest = max(abs(under.coherence) for under in story.evidence)
    for under, dashes in zip(story.evidence, itertools.cycle(LINES), strict=False):
        if under.line is None:
            continue
        place = pca.transform(under.line.states)[:, 0]
        motion = pca.directions(under.line.tangents[..., 0])[:, 0] * under.line.drift[:, 0]
        shade = mpl.colormaps[_EVIDENCE](0.5 + 0.45 * under.coherence / largest)
        told = f"{under.coherence:+.0f} %"
        ax.plot(place, motion, color=shade, ls=dashes, label=told, lw=1.5)
    missing = [f"{under.coherence:+.0f} %" for under in story.evidence if under.line is None]
    title = "Drift along the slow line" + (f"\n(none at {', '.join(missing)})" if missing else "")
    ax.set(title=title, xlabel="PC 1", ylabel="PC 1 per step")
    if ax.lines[1:]:
        ax.legend(fontsize="small", frameon=False)


def _draw_thresholds(story: Story, ax: Axes) -> None:
    ax.semilogx(story.speeds, story.sample_sizes, "o-", color=GREY, label="states below it")
    ax.axhline(len(story.neutral.slow), color=BLACK, lw=1.5, label="minima of the speed")
    ax.set(
        title="What a threshold on the speed would count",
        xlabel="threshold on |F(x) − x|",
        ylabel="states that differ in the second decimal",
    )
    ax.legend(frameon=False)
