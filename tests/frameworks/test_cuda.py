"""A network on a graphics card is searched there, and has the points that it has on the host."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]


class Gated(torch.nn.Module):
    """A network that is none of the standard cells, so that it is searched where it lies."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(d, d, dtype=torch.float64)
        self.gate = torch.nn.Linear(d, d, dtype=torch.float64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        open_ = torch.sigmoid(self.gate(x))
        return open_ * torch.tanh(2 * self.inner(x)) + (1 - open_) * x


def searched(device: str) -> sp.FixedPoints:
    torch.manual_seed(0)
    model = Gated(6)
    with torch.no_grad():
        model.inner.weight.mul_(3)
    system = sp.as_system(model.to(device), state_size=6, input_size=0)
    assert str(system.dynamics.arrays.device).startswith(device)
    starts = np.random.default_rng(0).uniform(-1, 1, (256, 6))
    return sp.find_fixed_points(system, starts, progress=False)


def test_a_search_on_the_card_finds_the_points_of_the_host() -> None:
    there, here = searched("cuda"), searched("cpu")
    assert len(there) == len(here) > 1
    np.testing.assert_allclose(there.xstar, here.xstar[here.nearest(there.xstar)], atol=1e-10)
