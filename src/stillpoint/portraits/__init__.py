"""What lies between the points: what attracts, what leads where, how states and errors move."""

from .attractors import find_attractors
from .basins import Basins, sample_basins
from .echo_index import EchoIndex, echo_index
from .energy import Energy, energy
from .flow_field import FlowField, flow_field
from .graph import AttractorGraph, connect
from .lyapunov import lyapunov
from .lyapunov_spectrum import LyapunovSpectrum
from .machine import Automaton, MachineComparison, read_automaton
from .portrait import portrait
from .portrait_record import Portrait
from .switching import Kicks, Pulses, smallest_kicks, smallest_pulses

__all__ = [
    "AttractorGraph",
    "Automaton",
    "Basins",
    "EchoIndex",
    "Energy",
    "FlowField",
    "Kicks",
    "LyapunovSpectrum",
    "MachineComparison",
    "Portrait",
    "Pulses",
    "connect",
    "echo_index",
    "energy",
    "find_attractors",
    "flow_field",
    "lyapunov",
    "portrait",
    "read_automaton",
    "sample_basins",
    "smallest_kicks",
    "smallest_pulses",
]
