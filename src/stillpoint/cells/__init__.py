"""The standard recurrent cells, each written once.

A cell is its weights and three formulas: the step, its derivatives in closed form, and the
equilibrium form, in which gates and leaks are divided out. The text follows the array-API
standard, so the same cell runs on NumPy, torch and others; adapters in ``stillpoint.frameworks``
recognise a framework's own cell and hand over the weights.
"""

from ..dynamics import Activation, LowRank, activation
from ..dynamics.activations import ACTIVATIONS
from .gru import GRUCell
from .leaky import LeakyCell
from .leaky_rate import LeakyRateCell
from .lstm import LSTMCell
from .reset_before_gru import ResetBeforeGRUCell
from .shallow import ShallowCell
from .stacked import StackedCell
from .vanilla import VanillaCell

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "GRUCell",
    "LSTMCell",
    "LeakyCell",
    "LeakyRateCell",
    "LowRank",
    "ResetBeforeGRUCell",
    "ShallowCell",
    "StackedCell",
    "VanillaCell",
    "activation",
]
