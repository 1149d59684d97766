"""A hard case: a GRU of 64 units that holds memories for long, so that I - J is nearly singular."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.solvers import Newton

pytestmark = [pytest.mark.slow, pytest.mark.torch]

SCRIPT = Path(__file__).parents[2] / "scripts" / "train_sparse_gru.py"


@dataclass(frozen=True)
class NewtonOnMotion(Newton):
    """Newton on F(x, u) - x itself, gates and all."""

    def problem(self, dynamics):
        return dynamics.residual_problem()


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("torch")
    spec = spec_from_file_location("train_sparse_gru", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def network(script):
    return script.train_sparse_gru(progress=False)


@pytest.fixture(scope="module")
def trials(script):
    return script.TASK.sample(64, np.random.default_rng(1))


@pytest.fixture(scope="module")
def states(network, trials):
    return sp.sample_states(network.run(trials.inputs)[0], 1024, noise=0.7, seed=0)


@pytest.fixture(scope="module")
def points(network, states):
    return sp.find_fixed_points(network.system, states, np.zeros(3), progress=False)


def share_converged(points):
    return np.mean(points.starts.status == sp.Status.FIXED_POINT)


def test_the_network_holds_its_memories(script, network, trials):
    assert script.TASK.accuracy(network.run(trials.inputs)[1], trials) > 0.99


def test_it_is_nearly_singular_at_its_points(points):
    smallest = np.linalg.svd(np.eye(64) - points.jacobian, compute_uv=False)[:, -1]
    assert smallest.min() < 0.02


def test_most_starts_converge_and_reach_most_points(points):
    assert share_converged(points) >= 0.75
    assert len(points) >= 22
    assert points.q.max() <= 1e-24


def test_the_points_stand_still_with_the_gates_divided_out(network, points):
    problem = network.system.dynamics.equilibrium_problem()
    residual = problem.residual(points.xstar, points.inputs)
    assert np.abs(residual).max() < 1e-12


def test_the_equilibrium_form_is_why(network, states, points):
    by_motion = sp.find_fixed_points(
        network.system, states[:256], np.zeros(3), solver=NewtonOnMotion(), progress=False
    )
    assert share_converged(by_motion) < share_converged(points) - 0.2
    assert by_motion.starts.steps.mean() > 2 * points.starts.steps.mean()
