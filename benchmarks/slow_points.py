"""Slow points and the step limit: what moves with it, what does not, and how long both take.

Decision networks of 64 rectified units (`PerceptualDecision`; five seeds at each of two learning
rates) are trained here. Searches start from the states of 100 trials and hold the input (1, .5,
.5). `find_slow_points` runs with two step limits; its minima, labels and hits should be the same.
It also runs with a limit that is too short: what it returns then should be some of the same.

Beside it runs the search of BrainPy's tutorial, rebuilt on stillpoint's closed-form gradients: Adam
at rate 1e-3 on the mean loss over all starts, where the loss of a state is the mean of (F(x) - x)^2
over units. `ends` are the distinct ends (no earlier one within .03); `returned` are those that the
tutorial keeps (loss below 1e-4, distinct, the nearest neighbour within .1). Either is true if it
lies within 1e-3 of a minimum that `find_slow_points` returns; `new` counts the minima that
`find_slow_points` reaches from Adam's last ends and not from the states.

    python benchmarks/slow_points.py [--networks N] [--adam-steps N]

All ten networks take about half an hour, nearly all of it Adam's.
"""

from __future__ import annotations

import networks  # first: it sets the number of threads

# isort: split
import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

import stillpoint as sp
from stillpoint.models import LeakyElmanRNN
from stillpoint.solvers import Adam, Plateau
from stillpoint.tasks import PerceptualDecision, ReadoutNetwork, load_network
from stillpoint.tasks.training import train

TASK = PerceptualDecision()
TRAINED = [(rate, seed) for rate in (1e-3, 2e-3) for seed in range(5)]
EARLY, LIMITS = 10, (200, 2000)
ADAM_RATE, ADAM_EPSILON = 1e-3, 1e-8
MAX_LOSS, TOL_UNIQUE, TOL_OUTLIER = 1e-4, 0.03, 0.1
LOSSES = (1e-5, 1e-4, 1e-3, 1e-2)
NEAR = 1e-3


@dataclass(frozen=True)
class Descended:
    """Where Adam has brought the starts after so many steps, and in how many CPU seconds."""

    steps: int
    x: np.ndarray
    loss: np.ndarray
    seconds: float


def train_network(rate: float, seed: int) -> ReadoutNetwork:
    """Train one decision network."""
    return train(
        TASK,
        LeakyElmanRNN(3, 64, seed=seed),
        max_steps=1280,
        batch=16,
        rate=rate,
        schedule="constant",
        stop_at=None,
        seed=seed,
        progress=False,
    ).as_network()


def case_of(name: str, network: ReadoutNetwork) -> networks.Case:
    """Return a network with all states of 100 trials and the input without evidence."""
    states, _ = network.run(TASK.sample(100, np.random.default_rng(0)).inputs)
    states = states.reshape(-1, states.shape[2])
    inputs = np.tile(TASK.constant_input(), (len(states), 1))
    return networks.Case(name, network.system, states, inputs)


def accuracy_of(network: ReadoutNetwork) -> float:
    """Return the share of 4,096 fresh trials that is decided rightly."""
    trials = TASK.sample(4096, np.random.default_rng(1))
    return TASK.accuracy(network.run(trials.inputs)[1], trials)


def slow_points(case: networks.Case, max_steps: int = 400) -> sp.SlowPoints:
    """Return the minima of the speed that the starts lead to."""
    return sp.find_slow_points(
        case.system, case.states, case.inputs, max_steps=max_steps, progress=False
    )


def same(one: sp.SlowPoints, other: sp.SlowPoints) -> bool:
    """Whether two searches found the same minima, from the same number of starts each."""
    if len(one) != len(other):
        return False
    distance, partner = cKDTree(other.xstar).query(one.xstar)
    return bool(
        len(set(partner)) == len(one)
        and (distance < 1e-6).all()
        and (one.label == other.label[partner]).all()
        and (one.hits == other.hits[partner]).all()
    )


def by_adam(case: networks.Case, stops: tuple[int, ...]) -> Iterator[Descended]:
    """Descend with Adam at a constant rate, and tell where the starts are at each of `stops`."""
    half = case.system.state_size / 2  # q is so many times BrainPy's loss, and so are gradients
    adam = Adam(ADAM_RATE, Plateau(factor=1.0), stillness=0.0, epsilon=ADAM_EPSILON * half)
    begin = time.process_time()
    problem = adam.problem(case.system.dynamics)
    rows = adam.start(problem, problem.coordinates(case.states, case.inputs), case.inputs)
    for step in range(1, max(stops) + 1):
        rows = adam.update(problem, rows)
        if step in stops:
            seconds = time.process_time() - begin
            yield Descended(step, problem.state(rows.y, rows.u), rows.q / half, seconds)


def unique(x: np.ndarray) -> np.ndarray:
    """Return the states that have no earlier one within reach, as BrainPy keeps them."""
    pairs = cKDTree(x).query_pairs(TOL_UNIQUE, output_type="ndarray")
    return np.delete(x, np.unique(pairs.max(axis=1, initial=0)), axis=0)


def returned(ends: Descended, max_loss: float = MAX_LOSS) -> np.ndarray:
    """Return what the tutorial keeps, in its order: small losses, distinct ones, no outliers."""
    x = unique(ends.x[ends.loss < max_loss])
    if len(x) < 2:
        return x
    return x[cKDTree(x).query(x, k=2)[0][:, 1] < TOL_OUTLIER]


def count_true(x: np.ndarray, points: sp.SlowPoints) -> int:
    """Return how many states lie where a minimum of the speed is."""
    return int((cKDTree(points.xstar).query(x)[0] < NEAR).sum()) if len(x) else 0


def sets(case: networks.Case, accuracy: float) -> list[object]:
    """Return one row of the table of step limits."""
    early = slow_points(case, EARLY)
    few, many = (slow_points(case, limit) for limit in LIMITS)
    kinds = [
        " / ".join(str((found.label == label).sum()) for found in (few, many))
        for label in ("fixed point", "ghost", "slow region")
    ]
    verdict = "same" if same(few, many) else "DIFFERENT"
    settled = f"{100 * early.hits.sum() / len(case.states):.0f} %"
    true = f"{count_true(early.xstar, many)}/{len(early)}"
    return [case.name, f"{accuracy:.3f}", *kinds, verdict, many.starts.steps.max(), settled, true]


def against_adam(
    case: networks.Case, points: sp.SlowPoints, descents: list[Descended]
) -> list[object]:
    """Return one row of the table of what Adam returns, and how much of it is true."""
    row: list[object] = [case.name, len(points)]
    for kept in (lambda ends: unique(ends.x), returned):
        for ends in descents:
            x = kept(ends)
            row.append(f"{count_true(x, points)}/{len(x)}")
    last = replace(case, states=descents[-1].x)
    distance = cKDTree(points.xstar).query(slow_points(last).xstar)[0]
    return [*row, int((distance > NEAR).sum())]


def thresholds(case: networks.Case, descents: list[Descended]) -> list[object]:
    """Return one row of the table of how many points there are below which loss."""
    row: list[object] = [case.name]
    for ends in descents:
        row.append(" / ".join(str(len(returned(ends, loss))) for loss in LOSSES))
    slower = [
        sp.sample_slow_states(
            case.system,
            case.states,
            case.inputs,
            speed=np.sqrt(loss * case.system.state_size),
            progress=False,
        )
        for loss in LOSSES
    ]
    return [*row, " / ".join(str(len(unique(starts.end))) for starts in slower)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--networks", type=int, default=len(TRAINED), help="how many to train")
    parser.add_argument("--adam-steps", type=int, default=10_000, help="and twice as many")
    options = parser.parse_args()
    shipped = case_of("shipped", load_network("decision"))
    cases, rows = [], []
    for rate, seed in TRAINED[: options.networks]:
        network = train_network(rate, seed)
        cases.append(case_of(f"{rate:g}, seed {seed}", network))
        rows.append(sets(cases[-1], accuracy_of(network)))
    (few, many), early = LIMITS, (f"at rest in {EARLY}", "true")
    networks.print_table(
        f"find_slow_points from {len(shipped.states)} states with at most {few} / {many} steps, "
        f"and with {EARLY}",
        ["network", "accuracy", "fixed points", "ghosts", "regions", "sets", "longest", *early],
        rows,
    )
    print_comparison(shipped, cases, options.adam_steps)


def print_comparison(shipped: networks.Case, cases: list[networks.Case], steps: int) -> None:
    """Run both searches, and print what Adam returns and how long it takes."""
    found, below, times = [], [], []
    for case in (shipped, *cases):
        seconds, points = networks.cpu_seconds(lambda c=case: slow_points(c), repeats=3)
        descents = list(by_adam(case, (steps,) if case is shipped else (steps, 2 * steps)))
        first = descents[0]
        ratio = first.seconds / seconds
        times.append([case.name, seconds, first.seconds, ratio, first.loss.mean()])
        if case is not shipped:
            found.append(against_adam(case, points, descents))
            below.append(thresholds(case, descents))
    n = len(shipped.states)
    counts = [f"{what}, {k * steps}" for what in ("ends", "returned") for k in (1, 2)]
    networks.print_table(
        f"Adam from the same {n} states after {steps} and {2 * steps} steps: true/all",
        ["network", "minima", *counts, "new"],
        found,
    )
    networks.print_table(
        "Points returned below a loss of " + " / ".join(f"{loss:g}" for loss in LOSSES),
        ["network", f"Adam, {steps}", f"Adam, {2 * steps}", "sample_slow_states, distinct"],
        below,
    )
    networks.print_table(
        f"One search from {n} states: CPU seconds, Adam with {steps} steps",
        ["network", "find_slow_points", "Adam", "ratio", "Adam's mean loss"],
        times,
    )


if __name__ == "__main__":
    main()
