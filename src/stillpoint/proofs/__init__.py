"""What interval arithmetic proves: points exist, how stable they are, that none is missing."""

from .certificate import Certificate, Finding
from .existence import prove, prove_empty
from .kantorovich import estimate

__all__ = ["Certificate", "Finding", "estimate", "prove", "prove_empty"]
