"""A basal-ganglia-thalamo-cortical loop: where does it stand still, and which region does what?

    python examples/multi_region.py [FOLDER]

Builds an untrained network of eight regions from a JSON file, finds its fixed points under two
inputs, those of the cortex with the rest held, time constants region by region, and what a lesion
changes. Figures go to FOLDER, `out` by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

import stillpoint as sp
from stillpoint.models import MultiRegionRNN

CONFIG = Path(__file__).parent / "data" / "basal_ganglia_loop.json"


def trajectories_of(network: MultiRegionRNN, level: float) -> np.ndarray:
    """Return states under a constant input from scattered initial states, (trials, time, d)."""
    rng = np.random.default_rng(0)
    inputs = torch.full((64, 100, network.num_inputs), level, dtype=torch.float64)
    start = network.initial_state(64) + torch.as_tensor(rng.normal(size=(64, network.num_units)))
    with torch.no_grad():
        return network(inputs, start)[0].numpy()


def points_under(network: MultiRegionRNN, level: float) -> tuple[sp.FixedPoints, np.ndarray]:
    """Return the fixed points under a constant input, and the trajectories that led there."""
    states = trajectories_of(network, level)
    starts = sp.sample_states(states, 64, noise=0.2)
    inputs = np.full(network.num_inputs, level)
    return sp.find_fixed_points(sp.as_system(network), starts, inputs), states


def table_of_regions(lin: sp.Linearization) -> str:
    """Return the slowest time constant and the largest |lambda| of each region by itself."""
    lines = [f"  {'region':<12}{'max |λ|':>9}{'slowest mode':>14}"]
    for region in lin.state_regions:
        size = np.abs(lin.block_eigen(region)[0][0]).max()
        tau = -lin.dt / np.log(size) if size < 1 else np.inf
        lines.append(f"  {region:<12}{size:>9.3f}{tau:>11.0f} ms")
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Run the whole analysis and draw it."""
    folder.mkdir(parents=True, exist_ok=True)
    network = MultiRegionRNN(CONFIG, "relu", spectral_radius=1.3, seed=0, dtype=torch.float64)
    system = sp.as_system(network)
    print(f"{system}\n")

    for level in (0.0, 1.0):
        points, states = points_under(network, level)
        print(f"input {level}: {points.census().verdict}")
    print()

    rest = points[np.argsort(points.n_unstable)[:1]]
    lin = sp.linearize(system, rest)
    print(f"each region by itself, at the most stable point under input {level}:")
    print(table_of_regions(lin))
    for to, source in (("snr", "striatum"), ("snr", "stn"), ("cortex", "thal")):
        block = lin.block(to=to, source=source)[0]
        print(f"  {source} to {to}: block {block.shape}, norm {np.linalg.norm(block, 2):.3f}")

    cortex = system.restrict("cortex", holding=rest.xstar[0])
    starts = np.random.default_rng(1).normal(size=(128, cortex.state_size))
    alone = sp.find_fixed_points(cortex, starts, np.full(network.num_inputs, level))
    print(f"\ncortex with all else held: {alone.census().verdict}")
    print(f"its points as whole states: {alone.to_full().shape}")

    lesioned, _ = points_under(network.without("snr->thal"), level)
    print(f"\nwithout snr->thal: {lesioned.census().verdict}")
    for name, found in (("intact", rest), ("lesioned", lesioned)):
        rates = np.maximum(found.xstar, 0)[:, network.indices("thal")].mean()
        print(f"  mean thalamic rate, {name}: {rates:.3f}")

    figure = Figure(figsize=(18, 5), layout="constrained")
    axes = figure.subplots(1, 3)
    sp.plots.fixed_points(points, states, ax=axes[0])
    sp.plots.region_blocks(lin, ax=axes[1])
    sp.plots.region_modes(lin, ax=axes[2])
    for ax, title in zip(
        axes, ("Fixed points", "Jacobian by region", "Leading modes"), strict=True
    ):
        ax.set_title(title)
    figure.savefig(folder / "multi_region.png", dpi=100)
    print(f"\nfigure: {folder / 'multi_region.png'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("out"))
