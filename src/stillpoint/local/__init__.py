"""What happens near a state: the linearised dynamics, at fixed points or anywhere else."""

from .certificates import Certificate, Finding
from .kantorovich import estimate
from .linearization import Linearization, linearize
from .proofs import prove, prove_empty
from .rates import partial_rate_jacobian, rate_jacobian, rates_at_fixed_state
from .spectrum import UNDECIDED
from .stability import MARGIN, condition, index, is_stable, n_unstable, sorted_eig

__all__ = [
    "MARGIN",
    "UNDECIDED",
    "Certificate",
    "Finding",
    "Linearization",
    "condition",
    "estimate",
    "index",
    "is_stable",
    "linearize",
    "n_unstable",
    "partial_rate_jacobian",
    "prove",
    "prove_empty",
    "rate_jacobian",
    "rates_at_fixed_state",
    "sorted_eig",
]
