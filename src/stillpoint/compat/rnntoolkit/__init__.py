"""RNNToolkit's names: finders of fixed points and of flow fields, linearisation, containers."""

from .collection import FixedPointCollection
from .finders import FixedPointFinder, FixedPointFinderBase
from .flow_field import FlowField
from .flow_field_finders import FlowFieldFinder, FlowFieldFinderBase
from .linearization import Linearization
from .utils import (
    angle_between,
    line_attractor_score,
    orthogonalize,
    projection,
    unit_vector,
)

__all__ = [
    "FixedPointCollection",
    "FixedPointFinder",
    "FixedPointFinderBase",
    "FlowField",
    "FlowFieldFinder",
    "FlowFieldFinderBase",
    "Linearization",
    "angle_between",
    "line_attractor_score",
    "orthogonalize",
    "projection",
    "unit_vector",
]
