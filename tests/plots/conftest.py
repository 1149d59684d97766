"""Points, trials in four conditions, and figures that leave nothing behind."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import stillpoint as sp


@pytest.fixture(scope="session")
def points():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    starts = np.random.default_rng(0).normal(size=(300, 2))
    found = sp.find_fixed_points(system, starts)
    assert len(found) == 9
    return found


@pytest.fixture(scope="session")
def slow():
    """Fixed points, stable and not, and ghosts."""
    system = sp.as_system(lambda x: np.tanh(2 * x + [0.54, 0.0]), state_size=2)
    return sp.find_slow_points(system, np.random.default_rng(0).normal(size=(50, 2)))


@pytest.fixture(scope="session")
def line():
    """A line with places of rest, from -6 to 6."""
    system = sp.as_system(lambda x: x * [1.0, 0.5] + 0.1 * np.sin(x) * [1, 0], state_size=2)
    return sp.follow_slow_manifold(system, np.zeros((1, 2)), max_norm=6.0)


@pytest.fixture(scope="session")
def field():
    """The flow of the system of `points`."""
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    return sp.flow_field(system, bounds=[(-1.5, 1.5), (-1.5, 1.5)], resolution=40)


@pytest.fixture(scope="session")
def cycles():
    """Fixed points and cycles of period 2, stable and not."""
    system = sp.as_system(lambda x: np.tanh(-2 * x), state_size=2, lefschetz=1)
    return sp.find_cycles(system, periods=(1, 2))


@pytest.fixture(scope="session")
def attractors():
    """A point, cycles of period 2, a chaotic attractor, and what runs away."""

    def step(x):
        odd = np.where(np.abs(x[:, :1]) < 2, np.tanh(-2 * x[:, :1]), 2 * x[:, :1])
        chaos = 4 * x[:, 1:] * (1 - x[:, 1:])
        return np.concatenate([odd, np.where(x[:, 1:] < 0, x[:, 1:] / 2 - 0.5, chaos)], axis=1)

    system = sp.as_system(step, state_size=2, recognise=False)
    starts = np.array([[0.5, -0.5], [0.3, -0.2], [0.5, 0.3], [3.0, -0.5]])
    return sp.find_attractors(system, starts=starts)


@pytest.fixture(scope="session")
def graph(points):
    """The graph of `points`."""
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    return sp.connect(system, points)


@pytest.fixture(scope="session")
def portrait(points):
    """The portrait of the system of `points`."""
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    return sp.portrait(system, points=points)


@pytest.fixture(scope="session")
def networks():
    """Distances of four networks of two topologies."""
    cell = lambda g: sp.cells.VanillaCell(g * np.eye(2), np.zeros((2, 0)), np.zeros(2))  # noqa: E731
    systems = {f"gain {g}": cell(g) for g in (0.5, 1.5, 2.0, 3.0)}
    return sp.compare_all(sp.sweep(systems, "find_all_fixed_points"))


@pytest.fixture(scope="session")
def basins():
    """Random states of four memories, some of which were not followed for long enough."""
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    found = sp.find_attractors(system, n_starts=32)
    return sp.sample_basins(system, found, n_states=100, steps=16)


@pytest.fixture(scope="session")
def diagram():
    """Two units, one of which has three points while its input is small."""
    cell = sp.cells.VanillaCell(np.diag([2.0, 0.5]), np.eye(2), np.zeros(2))
    system = sp.as_system(cell)
    path = sp.path([-1.0, 0.0], [1.0, 0.5], values=[-1, 1])
    return sp.follow_points(system, sp.find_all_fixed_points(system, [-1.0, 0.0]), path)


@pytest.fixture(scope="session")
def exponents():
    """The exponents of the Hénon map."""
    system = sp.as_system(
        lambda x: np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1), state_size=2
    )
    return sp.lyapunov(system, np.zeros(2), steps=400)


@pytest.fixture(scope="session")
def curves():
    """A closed curve that attracts, and one that repels, of maps of two and the same variables."""
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])

    def step(x):
        square = (x**2).sum(axis=1, keepdims=True)  # circles of radius 1/2 and 1
        return (x @ turn.T) * (1 - 0.4 * (square - 0.25) * (1 - square))

    system = sp.as_system(step, state_size=2, recognise=False)
    return sp.find_closed_curves(system, np.array([[0.3, 0.0], [0.999, 0.0]]))


@pytest.fixture(scope="session")
def paths():
    """160 trials, 40 of each of four conditions, which end around 0, 1, 2 and 3."""
    ends = np.repeat(np.arange(4.0), 40) + np.random.default_rng(0).uniform(-0.1, 0.1, 160)
    return np.linspace(0, 1, 12)[None, :, None] * np.stack([ends, ends - 1.5], axis=1)[:, None]


@pytest.fixture
def axes():
    return lambda projection=None: Figure().add_subplot(projection=projection)


@pytest.fixture
def figures(
    points,
    slow,
    line,
    paths,
    field,
    cycles,
    curves,
    attractors,
    basins,
    graph,
    portrait,
    diagram,
    networks,
):
    """Return every figure that has a legend, as functions of axes."""
    plots, conditions = sp.plots, np.repeat(["a", "b", "c", "d"], 40)
    return {
        "points": lambda ax=None, **o: plots.fixed_points(points, paths, ax=ax, **o),
        "conditions": lambda ax=None, **o: plots.fixed_points(
            points, paths, by="index", trials_by=conditions, ax=ax, **o
        ),
        "bars": lambda ax=None, **o: plots.fixed_points(
            points, paths, by=np.arange(9.0), trials_by=paths[:, -1, 0], ax=ax, **o
        ),
        "slow": lambda ax=None, **o: plots.slow_points(slow, paths, ax=ax, **o),
        "line": lambda ax=None, **o: plots.slow_manifold(line, paths, ax=ax, **o),
        "cycles": lambda ax=None, **o: plots.cycles(cycles, paths, ax=ax, **o),
        "attractors": lambda ax=None, **o: plots.attractors(attractors, paths, ax=ax, **o),
        "graph": lambda ax=None, **o: plots.attractor_graph(graph, paths, ax=ax, **o),
        "portrait": lambda ax=None, **o: plots.portrait(portrait, paths, ax=ax, **o),
        "hasse": lambda ax=None, **o: plots.hasse_diagram(graph, ax=ax, **o),
        "basins": lambda ax=None, **o: plots.basins(basins, paths, ax=ax, **o),
        "networks": lambda ax=None, **o: plots.networks(networks, "counts", ax=ax, **o),
        "curves": lambda ax=None, **o: plots.closed_curves(curves, paths, ax=ax, **o),
        "flow": lambda ax=None, **o: plots.flow_field(field, points, paths, ax=ax, **o),
        "spectrum": lambda ax=None, **o: plots.spectrum(points, ax=ax, **o),
        "summary": lambda ax=None, **o: plots.search_summary(points, ax=ax, **o),
    }


EVERY = ["points", "conditions", "bars", "slow", "line", "cycles", "curves", "attractors"]
EVERY += ["basins", "flow", "spectrum", "summary", "graph", "hasse", "portrait", "networks"]


@pytest.fixture(params=EVERY)
def draw(request, figures):
    """Return one of these functions."""
    return figures[request.param]


@pytest.fixture
def crowded(slow, paths):
    """Return a figure of four groups of points and three of trials, as a function of axes."""
    three = np.array(["left", "middle", "right"])[np.arange(160) % 3]
    return lambda ax: sp.plots.slow_points(slow, paths, trials_by=three, max_trajectories=40, ax=ax)


@pytest.fixture(autouse=True)
def _nothing_stays():
    before = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before
