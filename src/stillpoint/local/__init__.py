"""What happens near a state, in floating point: the linearised dynamics, at any state."""

from .factored import factored_condition, factored_resolution
from .firing_rates import partial_rate_jacobian, rate_jacobian, rates_at_fixed_state
from .jacobians import Jacobians
from .large import linearize_large
from .leading import LARGE
from .leading_modes import Decision, LeadingModes
from .linearization import Linearization, in_coordinates, less_certain, linearize_rows
from .linearize import linearize
from .resolution import DEGENERATE, ILL_CONDITIONED, Resolution, resolution_at
from .slow_modes import NoSlowModes, SlowModes, slow_modes
from .spectra import MARGIN, condition, growth, index, is_stable, n_unstable, sorted_eig

__all__ = [
    "DEGENERATE",
    "ILL_CONDITIONED",
    "LARGE",
    "MARGIN",
    "Decision",
    "Jacobians",
    "LeadingModes",
    "Linearization",
    "NoSlowModes",
    "Resolution",
    "SlowModes",
    "condition",
    "factored_condition",
    "factored_resolution",
    "growth",
    "in_coordinates",
    "index",
    "is_stable",
    "less_certain",
    "linearize",
    "linearize_large",
    "linearize_rows",
    "n_unstable",
    "partial_rate_jacobian",
    "rate_jacobian",
    "rates_at_fixed_state",
    "resolution_at",
    "slow_modes",
    "sorted_eig",
]
