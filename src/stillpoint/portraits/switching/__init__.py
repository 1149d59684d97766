"""What switches a network from one attractor to another: changes of the state, and input pulses."""

from .kicks import smallest_kicks
from .kicks_record import Kicks
from .pulses import smallest_pulses
from .pulses_record import Pulses

__all__ = ["Kicks", "Pulses", "smallest_kicks", "smallest_pulses"]
