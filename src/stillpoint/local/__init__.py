"""What happens near a state, in floating point: the linearised dynamics, at any state."""

from .firing_rates import partial_rate_jacobian, rate_jacobian, rates_at_fixed_state
from .linearization import Linearization, linearize
from .slow_modes import SlowModes, slow_modes
from .stability import DEGENERATE, MARGIN, condition, index, is_stable, n_unstable, sorted_eig

__all__ = [
    "DEGENERATE",
    "MARGIN",
    "Linearization",
    "SlowModes",
    "condition",
    "index",
    "is_stable",
    "linearize",
    "n_unstable",
    "partial_rate_jacobian",
    "rate_jacobian",
    "rates_at_fixed_state",
    "slow_modes",
    "sorted_eig",
]
