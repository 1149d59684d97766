"""Trained networks that decide and integrate: what the analyses say of them."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from command_line import run_command
from stillpoint.demos import decision
from stillpoint.tasks import ContextIntegration, PerceptualDecision, load_network

TASK = PerceptualDecision()


@pytest.fixture(scope="module")
def network():
    return load_network("decision")


@pytest.fixture(scope="module")
def states(network):
    trials = TASK.sample(100, np.random.default_rng(0))
    return network.run(trials.inputs)[0]


@pytest.fixture(scope="module")
def slow(network, states):
    return sp.find_slow_points(network.system, states.reshape(-1, 64), TASK.constant_input())


@pytest.fixture
def small(monkeypatch):
    """Let the demo search from the states of few trials, and below few speeds."""
    monkeypatch.setattr(decision, "_TRIALS", 12)
    monkeypatch.setattr(decision, "_SPEEDS", decision._SPEEDS[::4])


def run(*arguments):
    return run_command("demo", "decision", *arguments)


# -- the decision network --------------------------------------------------------------------------


def test_it_decides_nearly_as_well_as_the_noise_allows(network):
    trials = TASK.sample(8192, np.random.default_rng(5))
    assert 0.86 <= TASK.accuracy(network.run(trials.inputs)[1], trials) < 0.91
    assert network.history["accuracy"][-200:].mean() >= 0.86


def test_every_start_ends_at_one_of_two_fixed_points_that_newton_finds_too(network, states, slow):
    assert slow.label.tolist() == ["fixed point"] * 2
    assert slow.hits.sum() == 2200
    starts = states.reshape(-1, 64)[::8]
    points = sp.find_fixed_points(network.system, starts, TASK.constant_input())
    assert len(points) == 2
    for place in slow.xstar:
        assert np.linalg.norm(points.xstar - place, axis=1).min() < 1e-9
    assert (points.q < 1e-24).all()
    assert not points.on_kink.any()


def test_its_leading_modes_are_slow_and_the_rest_is_not(network, slow):
    moduli = np.abs(slow.eigenvalues)
    assert (np.abs(moduli[:, 0] - 1) < 0.15).all()
    assert (np.sort(moduli)[:, :-4] < 0.85).all()


def test_the_fixed_points_collide_and_leave_a_ghost_as_evidence_grows(network, states):
    starts = states.reshape(-1, 64)[::8]
    told = []
    for coherence in (0.0, 12.8, 25.6):
        under = sp.find_slow_points(network.system, starts, TASK.constant_input(coherence))
        told.append((len(under.fixed), len(under.ghosts)))
        for ghost in under.ghosts:
            around = ghost.xstar + 1e-3 * np.random.default_rng(0).standard_normal((20, 64))
            motion = network.system.residual(around, TASK.constant_input(coherence))
            assert 0.5 * np.sum(motion**2, axis=1).min() >= ghost.q[0]
    assert told == [(2, 0), (2, 0), (0, 1)]


def test_the_slow_line_lies_along_the_trajectories_and_integrates_the_difference(
    network, states, slow
):
    line = sp.follow_slow_manifold(network.system, slow)
    pca = sp.fit_pca(states)
    along = np.ptp(pca.transform(line.states)[:, 0])
    assert along > 0.5 * np.ptp(pca.transform(states)[:, 0])
    assert len(line.rests) == 1  # the border between the choices
    assert not line.rests.attracts.any()
    fixation, first, second = line.input_gain[line.origin, 0]
    assert first * second < 0  # one channel pushes forwards, the other back
    assert min(abs(first), abs(second)) > abs(fixation)


def test_a_threshold_counts_whatever_it_is_set_to(network, states, slow):
    starts = states.reshape(-1, 64)
    counts = [
        len(sp.sample_slow_states(network.system, starts, TASK.constant_input(), speed=speed))
        for speed in (0.1, 0.3, 1.0)
    ]
    assert counts[0] < counts[-1] or counts == [2200] * 3
    assert len(slow) == 2


def test_the_demo_tells_the_story(small, tmp_path):
    result = run("--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "ideal observer: 0.896" in result.output
    rows = [line for line in result.output.splitlines() if "% " in line]
    assert [float(row.split("%")[0]) for row in rows] == [
        -51.2, -25.6, -12.8, -6.4, 0.0, 6.4, 12.8, 25.6, 51.2
    ]  # fmt: skip
    assert "none" in rows[7]  # the pair of fixed points is gone, and with it the line
    assert "1 branch, coherence -51.2 to +21.8" in result.output
    assert "border fold at 21.768054: two branches meet and end at a kink" in result.output
    assert "2 minima of the speed: 2 fixed points" in result.output
    assert "selection vector on fixation, channel 1, channel 2" in result.output
    assert result.output.count("fixed point: time constants") == 2
    assert "a saddle with one unstable direction separates choice 1 and choice 2" in result.output
    assert (tmp_path / "decision.png").stat().st_size > 50_000
    assert len(sp.load(tmp_path / "decision.nc")) == 2


def test_wrong_options_of_the_demo_end_in_one_line(tmp_path):
    result = run("--alpha", 0.2, "--out", tmp_path)
    assert result.exit_code == 2
    assert "add --train" in result.output
    result = run("--alpha", 0.7, "--train", "--out", tmp_path)  # 2000 ms are not steps of 70 ms
    assert result.exit_code == 2
    assert "whole multiple of dt" in result.output


@pytest.mark.torch
def test_the_demo_trains(small, monkeypatch, tmp_path):
    task = PerceptualDecision(coherences=(0.0, 51.2))
    monkeypatch.setattr(decision, "task_for", lambda alpha: task)
    result = run("--train", "--epochs", 1, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "trained now" in result.output
    assert (tmp_path / "decision_relu_64.npz").is_file()


# -- the context network --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines():
    """Return the slow lines of both contexts, and what lies around them."""
    task, network = ContextIntegration(), load_network("context")
    trials = task.sample(256, np.random.default_rng(0))
    states = network.run(trials.inputs)[0]
    found = []
    for context in (0, 1):
        own = states[trials.conditions["context"] == context]
        starts = sp.sample_states(own, 256, noise=0.1, seed=0)
        slow = sp.find_slow_points(network.system, starts, task.constant_input(context))
        found.append(
            (sp.follow_slow_manifold(network.system, slow, min_separation=10.0), slow, own)
        )
    return network, found


def test_each_context_has_a_line_attractor(lines):
    network, found = lines
    for line, slow, own in found:
        assert line.shape == "line"
        assert slow.label.tolist() == ["fixed point"] * 3
        assert len(line.rests) == 3  # stable, unstable, stable
        assert line.rests.attracts.tolist() == [True, False, True]
        read = network.read_out(line.states)[:, 0]
        assert abs(np.corrcoef(read, line.arc)[0, 1]) > 0.99  # the place along it is the integral
        _, distance = line.project(own[:, -1])
        inside = np.abs(network.read_out(own[:, -1])[:, 0]) < np.abs(read).min(initial=1.0) + 1
        assert np.median(distance[inside]) < 0.1 * line.extent


def test_drift_along_it_is_an_order_slower_than_the_decay_onto_it(lines):
    for line, _, _ in lines[1]:
        pace = np.abs(np.log(np.abs(line.eigenvalues[:, 0])))
        assert (10 * pace <= -np.log(line.transverse) * (1 + 1e-9)).all()
        per_decay = line.mean_drift * line.decay_time  # how far it drifts while all else decays
        assert per_decay < 0.1 * line.extent


def test_selection_vectors_read_the_evidence_of_their_context(lines):
    gains = []
    for line, _, _ in lines[1]:
        middle = np.argmin(np.abs(line.arc - line.rests.arc[1]))
        gains.append(line.input_gain[middle, 0, :2])
    (motion_in_motion, colour_in_motion), (motion_in_colour, colour_in_colour) = np.abs(gains)
    assert motion_in_motion > 10 * colour_in_motion
    assert colour_in_colour > 10 * motion_in_colour
    first, second = (line.selection[line.origin, :, 0] for line, _, _ in lines[1])
    cosine = abs(first @ second) / np.linalg.norm(first) / np.linalg.norm(second)
    assert np.degrees(np.arccos(cosine)) > 15
