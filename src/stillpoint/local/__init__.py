"""What happens near a state, in floating point: the linearised dynamics, at any state."""

from .firing_rates import partial_rate_jacobian, rate_jacobian, rates_at_fixed_state
from .linearization import (
    DEGENERATE,
    MARGIN,
    Linearization,
    condition,
    growth,
    index,
    is_stable,
    linearize_rows,
    n_unstable,
    sorted_eig,
)
from .linearize import linearize
from .slow_modes import NoSlowModes, SlowModes, slow_modes

__all__ = [
    "DEGENERATE",
    "MARGIN",
    "Linearization",
    "NoSlowModes",
    "SlowModes",
    "condition",
    "growth",
    "index",
    "is_stable",
    "linearize",
    "linearize_rows",
    "n_unstable",
    "partial_rate_jacobian",
    "rate_jacobian",
    "rates_at_fixed_state",
    "slow_modes",
    "sorted_eig",
]
