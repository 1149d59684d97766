"""What lies between the points: what attracts, where inputs lead, how states and errors move."""

from .attractors import find_attractors
from .automaton import Automaton
from .connect import connect
from .echo_index import EchoIndex, echo_index
from .flow_field import FlowField, flow_field
from .graph import AttractorGraph
from .lyapunov import lyapunov
from .lyapunov_spectrum import LyapunovSpectrum
from .machines import MachineComparison
from .read_automaton import read_automaton

__all__ = [
    "AttractorGraph",
    "Automaton",
    "EchoIndex",
    "FlowField",
    "LyapunovSpectrum",
    "MachineComparison",
    "connect",
    "echo_index",
    "find_attractors",
    "flow_field",
    "lyapunov",
    "read_automaton",
]
