"""mRNNTorch's names: networks, finders of points and of flow fields, linearisation, containers."""

from ..rnntoolkit import FixedPointCollection, FlowField
from .finders import emFixedPointFinder, mFixedPointFinder
from .flow_fields import emFlowFieldFinder, mFlowFieldFinder
from .linearization import emLinearization, mLinearization
from .networks import ElmanmRNN, mRNN
from .regions import InputRegion, RecurrentRegion

__all__ = [
    "ElmanmRNN",
    "FixedPointCollection",
    "FlowField",
    "InputRegion",
    "RecurrentRegion",
    "emFixedPointFinder",
    "emFlowFieldFinder",
    "emLinearization",
    "mFixedPointFinder",
    "mFlowFieldFinder",
    "mLinearization",
    "mRNN",
]
