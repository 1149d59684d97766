"""The contract that every network fulfils, and what is made of it."""

from .activations import Activation, activation
from .base import Batch, Dynamics, Inputs, Kind, Matrices, Motion, RootProblem, StateProblem
from .piecewise_linear import PiecewiseLinear
from .rate_form import RateForm
from .regions import Regions

__all__ = [
    "Activation",
    "Batch",
    "Dynamics",
    "Inputs",
    "Kind",
    "Matrices",
    "Motion",
    "PiecewiseLinear",
    "RateForm",
    "Regions",
    "RootProblem",
    "StateProblem",
    "activation",
]
