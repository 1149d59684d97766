"""The contract that every network fulfils, and what is made of it."""

from .activations import Activation, activation
from .base import Batch, Dynamics, Inputs, Kind, Matrices, RootProblem, StateProblem
from .forms import HiddenForm, PiecewiseLinear, RateForm, offset
from .regions import Regions
from .restriction import Restriction

__all__ = [
    "Activation",
    "Batch",
    "Dynamics",
    "HiddenForm",
    "Inputs",
    "Kind",
    "Matrices",
    "PiecewiseLinear",
    "RateForm",
    "Regions",
    "Restriction",
    "RootProblem",
    "StateProblem",
    "activation",
    "offset",
]
