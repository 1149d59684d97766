"""The machine that memories and input pulses form, decided and proved."""

from .compare import MachineComparison
from .read import read_automaton
from .record import Automaton

__all__ = ["Automaton", "MachineComparison", "read_automaton"]
