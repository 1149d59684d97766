"""What happens near a state: the linearised dynamics, at fixed points or anywhere else."""

from .linearization import Linearization, linearize
from .rates import partial_rate_jacobian, rate_jacobian, rates_at_fixed_state
from .stability import MARGIN, condition, index, is_stable, n_unstable, sorted_eig

__all__ = [
    "MARGIN",
    "Linearization",
    "condition",
    "index",
    "is_stable",
    "linearize",
    "n_unstable",
    "partial_rate_jacobian",
    "rate_jacobian",
    "rates_at_fixed_state",
    "sorted_eig",
]
