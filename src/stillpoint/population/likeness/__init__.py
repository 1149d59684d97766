"""How alike networks are, in what does not depend on coordinates."""

from .compare import compare
from .compare_all import compare_all
from .distances import NetworkDistances
from .record import NetworkComparison

__all__ = ["NetworkComparison", "NetworkDistances", "compare", "compare_all"]
