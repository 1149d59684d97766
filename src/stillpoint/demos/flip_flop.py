"""The main job on a flip-flop network: every fixed point, counted, classified, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .. import plots
from .._core.pca import fit_pca
from .._core.validation import check_option
from ..as_system import as_system
from ..census import Completeness, count_kinds, kinds_of
from ..errors import ArgumentError
from ..frameworks.base import adapter
from ..points import FixedPoints
from ..portraits import Automaton, Portrait, portrait, read_automaton
from ..search import find_all_fixed_points, find_fixed_points, sample_states
from ..system import System
from ..tasks import FlipFlop, ReadoutNetwork, load_network
from ..tasks.networks import CELLS
from .shared import save_figure, trained_now

_STARTS = 1024
_TRIALS = 256


@dataclass(frozen=True, eq=False)
class Story:
    """What the demo found.

    Attributes
    ----------
    accuracy
        The fraction of time steps and channels that the network answers correctly.
    trajectories
        States under task inputs, shape (trials, time, d).
    from_trajectories, everything
        The points found from states of trajectories alone, and from all sources, certified.
    corners
        The memory that each stable point reads out, shape (stable, bits).
    portrait
        What lies between the points, without input.
    machine
        What pulses do to memories; None where there is no memory.
    """

    accuracy: float
    trajectories: Float[np.ndarray, "n t d"]
    from_trajectories: FixedPoints
    everything: FixedPoints
    corners: Float[np.ndarray, "s bits"]
    portrait: Portrait
    machine: Automaton | None

    @property
    def is_proved(self) -> bool:
        """Whether an exhaustive search proved that there are no other points."""
        return self.everything.census().completeness is Completeness.PROVED


def network_for(
    cell: str, bits: int, units: int, train: bool, save_to: Path
) -> tuple[ReadoutNetwork, str]:
    """Return the network that comes with the package, or train one; and where it is from."""
    check_option("cell", cell, CELLS)
    if not train:
        if (bits, units) != (3, 16):
            raise ArgumentError(
                f"bits, units: got {bits} and {units}, but the networks that come with the "
                f"package have 3 bits and 16 units; add --train to train another one."
            )
        return load_network(cell), "comes with the package"
    path = save_to / f"flip_flop_{cell}_{units}.npz"
    return trained_now(FlipFlop(bits=bits), cell, path, units=units)


def system_for(network: ReadoutNetwork, framework: str) -> System:
    """Return the network as a system on NumPy, or by way of a torch module."""
    if check_option("framework", framework, ("numpy", "torch")) == "numpy":
        return network.system
    adapter("torch")
    from ..tasks.modules import to_module

    return as_system(to_module(network))


def tell(network: ReadoutNetwork, system: System, task: FlipFlop, seed: int = 0) -> Story:
    """Run the task, search from trajectories alone and everywhere, and read out what is stable."""
    trials = task.sample(_TRIALS, np.random.default_rng(seed))
    states, outputs = network.run(trials.inputs)
    inputs = np.zeros(task.bits)
    starts = sample_states(states, _STARTS, seed=seed)
    everything = find_all_fixed_points(system, inputs, trajectories=states, seed=seed)
    memories = everything.stable
    return Story(
        accuracy=task.accuracy(outputs, trials),
        trajectories=states,
        from_trajectories=find_fixed_points(system, starts, inputs, rounds=0),
        everything=everything,
        corners=np.sign(network.read_out(memories.xstar)),
        portrait=portrait(system, inputs, points=everything, readout=network.read_out, seed=seed),
        machine=read_automaton(
            system, everything, task.automaton().pulses, readout=network.read_out
        )
        if len(memories)
        else None,
    )


def draw(story: Story, path: Path) -> Path:
    """Draw what trajectories find alone, what noise adds, and the spectra; save it to `path`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 5.2), layout="constrained")
    axes = [figure.add_subplot(1, 3, k, projection="3d") for k in (1, 2)]
    axes.append(figure.add_subplot(1, 3, 3))
    pca = fit_pca(story.trajectories, 3)
    how = "Exhaustive search" if story.is_proved else "Starts from all sources"
    titles = ("Starts on trajectories", how)
    found = (story.from_trajectories, story.everything)
    for ax, title, points in zip(axes, titles, found, strict=False):
        plots.fixed_points(points, story.trajectories, projection=pca, dimensions=3, ax=ax)
        ax.set_title(f"{title}: {len(points)} points\n{_evidence(points)}")
        ax.set(xticklabels=[], yticklabels=[], zticklabels=[])
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.labelpad = -12  # where the tick labels were
    plots.spectrum(story.everything, ax=axes[2])
    axes[2].set_title("Eigenvalues of the Jacobian at each point")
    return save_figure(figure, path, dpi=120)


class Row(NamedTuple):
    """What the demo tells of one kind of point, or of all together."""

    kind: str
    points: int
    index_sum: int
    fewest_hits: int
    proved: int


def census_table(points: FixedPoints) -> list[Row]:
    """Return a row for each kind of point, and one for all."""
    rows = [_row("all", points, np.ones(len(points), dtype=bool))]
    kinds = kinds_of(points.n_unstable, points.is_stable, points.is_degenerate)
    for name in count_kinds(kinds):
        kind = name if not name.isdigit() else f"{name} unstable"
        rows.insert(-1, _row(kind, points, kinds == name))
    return rows


def summary(points: FixedPoints) -> str:
    """Return the last word of the demo: how many points, how many proved, and is one missing."""
    certificate: Any = points.certificate
    n, proved = len(points), int(certificate.proved.sum())
    certified = "all certified" if proved == n else f"{proved} of them certified"
    missing = _MISSING[points.census().completeness]
    return f"{n} points, {certified}{missing}"


_MISSING = {
    Completeness.PROVED: "; proved: there are no others",
    Completeness.NO_EVIDENCE: ", none missing by all evidence",
    Completeness.UNDECIDED: ", whether one is missing is undecided",
    Completeness.INCOMPLETE: ", and some are missing",
}


def between(story: Story, task: FlipFlop) -> list[str]:
    """Return what lies between the points, and whether the network is the machine of the task."""
    told = story.portrait.sentences[1:]
    if story.machine is None:
        return told
    found = story.machine.compare(task.automaton())
    return [*told, story.machine.verdict, f"beside the machine of the task: {found.sentence}"]


def _row(kind: str, points: FixedPoints, members: Any) -> Row:
    certificate: Any = points.certificate
    return Row(
        kind,
        int(members.sum()),
        int(points.index[members].sum()),
        int(points.hits[members].min()),
        int((certificate.proved & (certificate.n_unstable_proved >= 0))[members].sum()),
    )


def _evidence(points: FixedPoints) -> str:
    tally = points.census().tallies[0]
    if tally.missing_at_least:
        return f"index sum {tally.index_sum}, not 1: at least {tally.missing_at_least} missing"
    return f"index sum {tally.index_sum}: {tally.completeness.sentence}"
