"""mRNNTorch's names: networks, fixed-point finders, linearisation, the collection of points."""

from .collection import FixedPointCollection
from .finders import emFixedPointFinder, mFixedPointFinder
from .linearization import emLinearization, mLinearization
from .networks import ElmanmRNN, mRNN

__all__ = [
    "ElmanmRNN",
    "FixedPointCollection",
    "emFixedPointFinder",
    "emLinearization",
    "mFixedPointFinder",
    "mLinearization",
    "mRNN",
]
