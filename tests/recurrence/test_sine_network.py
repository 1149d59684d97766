"""The shipped network that generates sine waves: under every input it ends on a closed curve."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.tasks import SineWave, load_network

TASK = SineWave(n_frequencies=6, lowest=0.1, highest=0.5, steps=200)


def test_it_solves_its_task():
    trials = TASK.sample(100, np.random.default_rng(7))
    _, outputs = load_network("sine").run(trials.inputs)
    assert TASK.accuracy(outputs, trials) > 0.999


@pytest.mark.slow
def test_each_wave_is_a_closed_curve_that_attracts():
    network = load_network("sine")
    inputs = np.stack([TASK.constant_input(which) for which in range(6)])
    states, _ = network.run(np.repeat(inputs[:, None], TASK.steps, axis=1))
    starts = np.concatenate([states[:, 10], states[:, 150]])
    curves = sp.find_closed_curves(
        network.system, starts, np.tile(inputs, (2, 1)), transient=300, repelling=False
    )
    assert curves.inputs.ravel().tolist() == inputs.ravel().tolist()
    assert curves.hits.tolist() == [2] * 6
    assert curves.n_components.tolist() == [1] * 6
    assert curves.is_stable.all()
    assert (curves.normal_exponents[:, 0] < -0.2).all()
    np.testing.assert_allclose(curves.period, 2 * np.pi / TASK.frequencies, rtol=1e-3)
    np.testing.assert_allclose(curves.birkhoff_rotation, curves.rotation, atol=1e-12)
    assert (curves.residual < 1e-11).all()
    assert (curves.resonance_distance > 1e-5).all()
    heights = [np.ptp(network.read_out(curves.orbit(row))) / 2 for row in range(6)]
    np.testing.assert_allclose(heights, 1.0, atol=0.02)
