"""Networks to analyse that stillpoint builds itself: RNNs as torch modules, of regions or not."""

from .connectome import Connection, Connectome, InputRegion, RecurrentRegion
from .leaky_elman import LeakyElmanRNN
from .multi_region import MultiRegionRNN

__all__ = [
    "Connection",
    "Connectome",
    "InputRegion",
    "LeakyElmanRNN",
    "MultiRegionRNN",
    "RecurrentRegion",
]
