"""What lies between the points: what attracts, how states move in a plane, how deviations grow."""

from .attractors import find_attractors
from .connect import connect
from .echo_index import EchoIndex, echo_index
from .flow_field import FlowField, flow_field
from .graph import AttractorGraph
from .lyapunov import lyapunov
from .lyapunov_spectrum import LyapunovSpectrum

__all__ = [
    "AttractorGraph",
    "EchoIndex",
    "FlowField",
    "LyapunovSpectrum",
    "connect",
    "echo_index",
    "find_attractors",
    "flow_field",
    "lyapunov",
]
