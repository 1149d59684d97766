"""What lies between the points: what attracts, what leads where, how states and errors move."""

from .attractors import find_attractors
from .basins import Basins, sample_basins
from .echo_index import EchoIndex, echo_index
from .flow_field import FlowField, flow_field
from .graph import AttractorGraph, connect
from .lyapunov import lyapunov
from .lyapunov_spectrum import LyapunovSpectrum
from .machine import Automaton, MachineComparison, read_automaton
from .switching import Kicks, Pulses, smallest_kicks, smallest_pulses

__all__ = [
    "AttractorGraph",
    "Automaton",
    "Basins",
    "EchoIndex",
    "FlowField",
    "Kicks",
    "LyapunovSpectrum",
    "MachineComparison",
    "Pulses",
    "connect",
    "echo_index",
    "find_attractors",
    "flow_field",
    "lyapunov",
    "read_automaton",
    "sample_basins",
    "smallest_kicks",
    "smallest_pulses",
]
