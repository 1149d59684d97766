"""What some sixty calls return, in plain values: words and counts, and numbers to 1e-13.

    python tests/same_answers.py      # writes answers.json again

`test_same_answers.py` compares. A change that means to change an answer records it again, and the
difference of the file is then there to be read. How often a point is hit depends on the last digit
of every product, so the calls are made in a process of their own, with the kernels that all
processors of the last ten years have.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import stillpoint as sp
import zoo
from stillpoint import Source
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, StackedCell, VanillaCell
from stillpoint.solvers import Adam, LevenbergMarquardt, Newton
from stillpoint.tasks import load_network

RECORDED = Path(__file__).with_name("answers.json")

#: One thread, and no kernels that only some x86-64 processors have.
KERNELS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}

#: Whether this processor has these kernels at all.
COMPARABLE = platform.machine() in ("x86_64", "AMD64")

#: The calls by name.
CALLS: dict[str, Callable[[], dict[str, Any]]] = {}


def call(function: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Register a call under its function's name."""
    CALLS[function.__name__] = function
    return function


def answers(name: str) -> dict[str, Any]:
    """Return what one call gives, as it comes back from JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.loads(json.dumps(CALLS[name]()))


# -- what is written down of a record ---------------------------------------------------------


def numbers(values: Any) -> list[Any]:
    """Return an array as nested lists; complex numbers as pairs, infinity and NaN as words."""
    values = np.asarray(values)
    if np.iscomplexobj(values):
        values = np.stack([values.real, np.abs(values.imag)], axis=-1)
    finite = np.isfinite(values)
    return [*np.where(finite, values, 0.0).tolist(), f"{int((~finite).sum())} not finite"]


def of_starts(starts: Any) -> dict[str, Any]:
    """Return how the starts of a search ended and where they came from."""
    return {
        "ended": {status.name: n for status, n in sorted(starts.counts().items())},
        "sources": dict(Counter(Source(k).name for k in starts.source.tolist())),
        "reached": np.bincount(starts.point + 1).tolist(),
    }


def of_certificate(certificate: Any) -> dict[str, Any] | None:
    """Return what is proved; radii as orders of magnitude, as rounding decides their digits."""
    if certificate is None:
        return None
    return {
        "proved": certificate.proved.tolist(),
        "distinct": certificate.distinct.tolist(),
        "n_unstable": certificate.n_unstable_proved.tolist(),
        "index": certificate.index_proved.tolist(),
        "reason": certificate.reason.tolist(),
        "alone within": numbers(np.round(np.log10(certificate.radius_unique), 1)),
        "empty": (certificate.radius_empty > 0).tolist(),
    }


def of_points(points: sp.FixedPoints) -> dict[str, Any]:
    """Return the points, what is known of each, and the verdict on the set."""
    census = points.census()
    degenerate = points.is_degenerate
    return {
        "n": len(points),
        "x": numbers(points.xstar),
        "inputs": numbers(points.inputs),
        "hits": points.hits.tolist(),
        "n_unstable": points.n_unstable.tolist(),
        "stable": points.is_stable.tolist(),
        "index": points.index.tolist(),
        "mirrored": points.mirrored.tolist(),
        "continuum": points.on_continuum.tolist(),
        "kink": points.on_kink.tolist(),
        "degenerate": degenerate.tolist(),
        "condition": numbers(np.log(points.condition[~degenerate])),
        "eigenvalues": numbers(points.eigenvalues[~degenerate, :4]),
        "starts": of_starts(points.starts),
        "verdict": census.completeness.name,
        "sentences": [tally.verdict for tally in census.tallies],
        "certificate": of_certificate(points.certificate),
    }


def of_slow(points: sp.SlowPoints) -> dict[str, Any]:
    """Return the minima of the speed and their labels."""
    return {
        "n": len(points),
        "x": numbers(points.xstar),
        "label": points.label.tolist(),
        "hits": points.hits.tolist(),
        "speed": numbers(points.speed),
        "kinks": points.n_kinks.tolist(),
        "dwell": numbers(np.round(points.dwell_time, 6)),
        "starts": of_starts(points.starts),
        "certificate": of_certificate(points.certificate),
    }


def random_states(d: int, n: int, *, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Return Gaussian states."""
    return scale * np.random.default_rng(seed).standard_normal((n, d))


def random_cell(make: Any, d: int, m: int, *, gates: int, seed: int, gain: float) -> Any:
    """Return a cell with Gaussian weights."""
    rng = np.random.default_rng(seed)
    W = gain * rng.standard_normal((gates * d, d)) / np.sqrt(d)
    more = (np.full(d, 0.2),) if make is LeakyCell else (np.zeros(d),) if make is GRUCell else ()
    return make(W, rng.standard_normal((gates * d, m)), 0.3 * rng.standard_normal(gates * d), *more)


# -- fixed points of networks that are known --------------------------------------------------


def register_zoo() -> None:
    """Register a search in each small network of the zoo."""
    for k, network in enumerate(zoo.isolated()):
        if network.cell.state_size <= 8:

            def search(network: zoo.Network = network, seed: int = k) -> dict[str, Any]:
                return of_points(
                    sp.find_fixed_points(network.system("numpy"), network.starts(200, seed))
                )

            CALLS[f"zoo: {network.name}"] = search


register_zoo()


@call
def continuum() -> dict[str, Any]:
    network = zoo.half_line()
    return of_points(sp.find_fixed_points(network.system("numpy"), network.starts(60)))


@call
def black_box_flow() -> dict[str, Any]:
    system = sp.as_system(lambda s: zoo.decision_flow(s), state_size=2, kind="flow", dt=0.01)
    starts = np.random.default_rng(0).uniform(0, 1, (100, 2))
    return of_points(sp.find_fixed_points(system, starts))


@call
def black_box_map_by_adam() -> dict[str, Any]:
    network = zoo.small_radius_is_not_enough()
    system = network.system("numpy function")
    adam = Adam(rate=0.02)
    points = sp.find_fixed_points(system, network.starts(50), solver=adam, max_steps=3000)
    return of_points(points)


@call
def solvers_in_a_chain() -> dict[str, Any]:
    network = zoo.planted(3)
    chain = [LevenbergMarquardt(), Newton()]
    points = sp.find_fixed_points(network.system("numpy"), network.starts(150), solver=chain)
    return of_points(points)


@call
def gru_under_three_inputs() -> dict[str, Any]:
    cell = random_cell(GRUCell, 5, 2, gates=3, seed=3, gain=3.0)
    inputs = np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, -1.0]], 100, axis=0)
    points = sp.find_fixed_points(sp.as_system(cell), random_states(5, 300), inputs)
    return of_points(sp.certify(sp.as_system(cell), points))


@call
def lstm_certified() -> dict[str, Any]:
    system = sp.as_system(random_cell(LSTMCell, 4, 1, gates=4, seed=5, gain=4.0))
    points = sp.find_fixed_points(system, random_states(8, 200), [0.0])
    return of_points(sp.certify(system, points))


@call
def stack_of_two() -> dict[str, Any]:
    below = random_cell(VanillaCell, 3, 1, gates=1, seed=1, gain=2.0)
    above = random_cell(VanillaCell, 3, 3, gates=1, seed=2, gain=2.0)
    system = sp.as_system(StackedCell((below, above)))
    return of_points(sp.find_fixed_points(system, random_states(6, 200), [0.5]))


@call
def restricted_with_contexts() -> dict[str, Any]:
    network = zoo.planted(5)
    part = network.system("numpy").restrict(units=[0, 2, 3])
    contexts = np.repeat(network.points[1:5], 40, axis=0)
    starts = contexts + random_states(5, 160, scale=0.3) * np.isin(np.arange(5), [0, 2, 3])
    return of_points(sp.find_fixed_points(part, starts))


@call
def cycles_by_iteration() -> dict[str, Any]:
    flip = sp.as_system(VanillaCell(np.array([[-2.0]]), np.zeros((1, 0)), np.zeros(1)))
    return of_points(sp.find_fixed_points(flip.iterate(2), random_states(1, 80)))


@call
def observed() -> dict[str, Any]:
    system = sp.as_system(random_cell(LeakyCell, 4, 0, gates=1, seed=7, gain=2.0))
    return of_points(sp.find_fixed_points(system.observe("tanh"), random_states(4, 100)))


def in_a_fold(distance: float) -> dict[str, Any]:
    """Return what is proved of a unit that far inside its fold, beyond it if negative."""
    _, b_fold = zoo.fold_of(2.0)
    cell = VanillaCell(np.array([[2.0]]), np.zeros((1, 0)), np.array([b_fold * (1 - distance)]))
    system = sp.as_system(cell)
    starts = np.linspace(-1, 1, 40)[:, None]
    return of_points(sp.certify(system, sp.find_fixed_points(system, starts)))


for distance in (1e-6, 1e-12, -1e-13):
    CALLS[f"certified in a fold, {distance}"] = lambda distance=distance: in_a_fold(distance)


@call
def certified_inside_a_fold() -> dict[str, Any]:
    _, b_fold = zoo.fold_of(2.0)
    system = zoo.scalar(2.0, b_fold * (1 - 1e-5)).system("numpy")
    starts = np.linspace(-1, 1, 40)[:, None]
    return of_points(sp.certify(system, sp.find_fixed_points(system, starts), estimates=True))


# -- all fixed points -------------------------------------------------------------------------


@call
def all_of_three_units() -> dict[str, Any]:
    return of_points(sp.find_all_fixed_points(zoo.independent_units(3).system("numpy")))


@call
def all_of_planted_without_proof() -> dict[str, Any]:
    system = zoo.planted(3).system("numpy")
    points = sp.find_all_fixed_points(system, exhaustive=False, seed=1)
    answer = of_points(points)
    # Where starts come from is chosen anew where more is known of where points can be.
    return {name: answer[name] for name in ("n", "x", "index", "n_unstable", "verdict")}


@call
def all_of_a_rectified_network() -> dict[str, Any]:
    cell = random_cell(VanillaCell, 4, 0, gates=1, seed=11, gain=1.0)
    system = sp.as_system(VanillaCell(cell.W, cell.B, cell.b, phi="relu"))
    return of_points(sp.find_all_fixed_points(system))


@call
def all_of_a_gated_network() -> dict[str, Any]:
    system = sp.as_system(random_cell(GRUCell, 3, 1, gates=3, seed=13, gain=3.0))
    return of_points(sp.find_all_fixed_points(system, [[0.0], [2.0]]))


# -- shipped networks -------------------------------------------------------------------------


def flip_flop(cell: str, n: int = 300) -> dict[str, Any]:
    """Return the points of a shipped flip-flop from noisy states of its trajectories."""
    network = load_network(cell)
    pulses = np.random.default_rng(0).choice(
        [-1.0, 0.0, 1.0], p=[0.05, 0.9, 0.05], size=(20, 60, 3)
    )
    starts = sp.sample_states(network.run(pulses)[0], n, noise=0.4)
    points = sp.find_fixed_points(network.system, starts, np.zeros(3))
    answer = of_points(points)
    certified = of_certificate(sp.certify(network.system, points).certificate)
    return {**answer, "eigenvalues": None, "certificate": certified}


for shipped in ("tanh", "gru", "lstm"):
    CALLS[f"flip-flop {shipped}"] = lambda cell=shipped: flip_flop(cell)


# -- near states, slow states, manifolds ------------------------------------------------------


@call
def linearised() -> dict[str, Any]:
    cell = random_cell(LeakyCell, 4, 2, gates=1, seed=17, gain=1.5)
    system = sp.as_system(cell, dt=0.01, regions={"a": [0, 1], "b": [2, 3]})
    lin = sp.linearize(system, random_states(4, 5), np.ones(2))
    return {
        "eigenvalues": numbers(lin.eigenvalues),
        "time constants": numbers(lin.time_constants),
        "frequencies": numbers(np.abs(lin.frequencies)),
        "index": lin.index.tolist(),
        "non-normality": numbers(lin.non_normality),
        "block": numbers(lin.block("a", "b")),
        "participation": numbers(lin.participation("a")),
        "predicted": numbers(lin.predict(np.ones(4), np.ones(2))),
    }


@call
def slow_near_a_fold() -> dict[str, Any]:
    _, b_fold = zoo.fold_of(2.0)
    system = zoo.scalar(2.0, 1.01 * b_fold).system("numpy")
    slow = sp.find_slow_points(system, np.linspace(-1, 1, 30)[:, None])
    return of_slow(sp.certify(system, slow))


@call
def slow_on_kinks() -> dict[str, Any]:
    rng = np.random.default_rng(19)
    W = np.eye(3) + 0.3 * rng.standard_normal((3, 3))
    cell = VanillaCell(W, np.zeros((3, 0)), 0.1 * rng.standard_normal(3), phi="relu")
    return of_slow(sp.find_slow_points(sp.as_system(cell), np.abs(random_states(3, 80))))


@call
def slow_of_a_black_box() -> dict[str, Any]:
    system = sp.as_system(lambda x, u: np.tanh(2 * x + 0.54), state_size=1, recognise=False)
    return of_slow(sp.find_slow_points(system, np.linspace(-1, 1, 20)[:, None]))


@call
def slow_line() -> dict[str, Any]:
    system = sp.as_system(lambda x: x * np.array([0.999, 0.5]), state_size=2)
    line = sp.follow_slow_manifold(system, np.zeros((1, 2)), max_norm=2.0)
    return {
        "nodes": len(line.states),
        "arc": numbers(line.arc[-1:]),
        "ends": [end.name for end in line.ends],
        "states": numbers(line.states[::20]),
        "drift": numbers(line.drift[::20]),
        "rests": numbers(line.rests.states),
    }


@call
def slow_ring() -> dict[str, Any]:
    network = zoo.cosine_ring(10)
    ring = sp.follow_slow_manifold(network.system("numpy"), network.points[1:3])
    return {
        "nodes": len(ring.states),
        "ends": [end.name for end in ring.ends],
        "rests": len(ring.rests),
        "attracting": int(ring.rests.attracts.sum()),
        "arc": numbers(ring.arc[-1:]),
    }


@call
def simulated_flow() -> dict[str, Any]:
    system = sp.as_system(lambda s: zoo.decision_flow(s), state_size=2, kind="flow", dt=0.01)
    return {"path": numbers(system.simulate(np.full((2, 2), 0.3), steps=5))}


def found() -> dict[str, Any]:
    """Return what all calls give, made in a process of their own."""
    command = [sys.executable, __file__, "--print"]
    run = subprocess.run(
        command, env=os.environ | KERNELS, capture_output=True, text=True, timeout=1800
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    return json.loads(run.stdout)


def main() -> None:
    """Write down what all calls return now, or print it."""
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(json.dumps({name: answers(name) for name in CALLS}))
        return
    lines = [f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in found().items()]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
