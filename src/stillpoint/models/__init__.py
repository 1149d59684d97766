"""Networks to analyse that stillpoint builds itself: multi-region RNNs as torch modules."""

from .connectome import Connection, Connectome, InputRegion, RecurrentRegion
from .multi_region import MultiRegionRNN

__all__ = ["Connection", "Connectome", "InputRegion", "MultiRegionRNN", "RecurrentRegion"]
