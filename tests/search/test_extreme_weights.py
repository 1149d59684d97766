"""Networks with weights from 1e-300 to 1e300 have points, or starts that say what happened."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import Status
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, StackedCell, VanillaCell


def _weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return weights of one size, of all sizes, or large ones."""
    exponents = [rng.uniform(-300, 300), rng.uniform(-300, 300, shape), rng.uniform(0, 4)]
    return rng.standard_normal(shape) * 10.0 ** exponents[rng.integers(3)]


def _network(seed: int) -> sp.System:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 4))

    def gates(k: int) -> dict[str, np.ndarray]:
        names = {"W": (k * d, d), "B": (k * d, 0), "b": (k * d,)}
        return {name: _weights(rng, *shape) for name, shape in names.items()}

    layer = VanillaCell(**gates(1), phi=str(rng.choice(["tanh", "relu", "sigmoid", "softplus"])))
    cells = [
        layer,
        LeakyCell(**gates(1), alpha=rng.uniform(1e-300, 1, d)),
        GRUCell(**gates(3), c=_weights(rng, d)),
        LSTMCell(**gates(4)),
        StackedCell([layer, VanillaCell(_weights(rng, d, d), _weights(rng, d, d), np.zeros(d))]),
    ]
    system = sp.as_system(cells[seed % len(cells)])
    return system.iterate(2) if rng.random() < 0.25 else system


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.filterwarnings("ignore::stillpoint.StillpointWarning")
def test_no_weights_are_too_large_for_a_search(seed):
    system = _network(seed)
    starts = np.random.default_rng(seed).standard_normal((8, system.state_size))
    for points in (
        sp.find_fixed_points(system, 1e3 * starts, max_steps=20),
        sp.find_all_fixed_points(system, max_starts=16, exhaustive=False, max_steps=20),
        sp.find_slow_points(system, starts, max_steps=20),
    ):
        assert set(points.starts.status.tolist()) <= {int(status) for status in Status}
        assert np.isfinite(points.xstar).all()
        assert repr(points)
        assert len(points.to_dataframe()) == len(points)


def _forgetful(bias: float, weight: float) -> LSTMCell:
    """Return an LSTM whose forget gate is open to the last bit."""
    b = np.zeros(4)
    b[1] = bias
    return LSTMCell(weight * np.ones((4, 1)), np.zeros((4, 0)), b)


@pytest.mark.parametrize("cell", [_forgetful(720.0, 1.0), _forgetful(0.0, 1e3)])
@pytest.mark.filterwarnings("ignore::stillpoint.StillpointWarning")
def test_gates_that_are_open_to_the_last_bit_are_searched(cell):
    points = sp.find_all_fixed_points(sp.as_system(cell), max_starts=64)
    assert (points.xstar == 0).all(axis=1).any()


def test_a_jacobian_that_is_not_finite_has_no_eigenvalues():
    lin = sp.linearize(sp.as_system(lambda x: x**2, 2), np.array([[1.0, 1.0], [1e200, 1.0]]))
    broken = lin.take([0, 1, 0])
    broken.jacobian[1] = np.inf
    assert np.isnan(broken.eigenvalues).all(axis=1).tolist() == [False, True, False]
    assert broken.is_stable.tolist() == [False, False, False]
    np.testing.assert_array_equal(broken.eigenvalues[[0, 2]], lin.eigenvalues[[0, 0]])
    assert broken.index[1] == 0


@pytest.mark.filterwarnings("ignore::stillpoint.StillpointWarning")
def test_points_with_infinite_slopes_are_described():
    """At zero the motion vanishes, and its Jacobian is told to be infinite."""
    steep = sp.as_system(
        lambda x, u: 1e200 * x,
        state_size=2,
        jacobian=lambda x, u: np.full((len(x), 2, 2), np.inf),
    )
    points = sp.find_fixed_points(steep, np.zeros((2, 2)))
    assert not points.on_continuum.any()
    assert points.is_degenerate.all()
    slow = sp.find_slow_points(steep, np.zeros((2, 2)))
    assert len(slow.starts) == 2
