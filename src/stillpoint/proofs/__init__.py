"""What interval arithmetic proves: points exist, how stable they are, that none is missing."""

from ..intervals.spectrum import UNDECIDED
from .certificate import Certificate, ProofStatus
from .enumeration import Enumeration, enumerate_fixed_points
from .existence import prove, prove_empty
from .kantorovich import estimate

__all__ = [
    "UNDECIDED",
    "Certificate",
    "Enumeration",
    "ProofStatus",
    "enumerate_fixed_points",
    "estimate",
    "prove",
    "prove_empty",
]
