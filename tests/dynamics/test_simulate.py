"""Steps, and what becomes of deviations and covectors along them."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.dynamics.simulate import adjoint_stepper, tangent_stepper
from zoo import decision_flow

W = np.random.default_rng(0).standard_normal((4, 4))
SYSTEMS = {
    "map": sp.as_system(sp.cells.VanillaCell(W, np.zeros((4, 0)), np.zeros(4))),
    "flow": sp.as_system(lambda x: np.tanh(x @ W.T) - x, state_size=4, kind="flow"),
    "decision": sp.as_system(decision_flow, state_size=2, kind="flow"),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_covector_taken_back_meets_a_deviation_as_before(name):
    """(w J) v = w (J v), J that of the whole step."""
    dynamics, rng = SYSTEMS[name].dynamics, np.random.default_rng(1)
    d = dynamics.state_size
    x, w, v = rng.uniform(0, 1, (3, 6, d))
    u = np.zeros((6, 0))
    after = tangent_stepper(dynamics, 0.03)(x, u, v[:, :, None])[1][:, :, 0]
    back = adjoint_stepper(dynamics, 0.03)(x, u, w)
    np.testing.assert_allclose((back * v).sum(1), (w * after).sum(1), rtol=1e-6)
