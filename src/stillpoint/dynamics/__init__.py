"""The contract that every network fulfils, and what is made of it."""

from .activations import Activation, activation
from .base import (
    Batch,
    Dynamics,
    Inputs,
    Kind,
    Linear,
    Matrices,
    RootProblem,
    StateProblem,
    less_identity,
)
from .forms import HiddenForm, PiecewiseLinear, RateForm, offset
from .low_rank import LowRank, Weights, dense, enclosed
from .regions import Regions
from .restriction import Restriction
from .rooted import Rooted

__all__ = [
    "Activation",
    "Batch",
    "Dynamics",
    "HiddenForm",
    "Inputs",
    "Kind",
    "Linear",
    "LowRank",
    "Matrices",
    "PiecewiseLinear",
    "RateForm",
    "Regions",
    "Restriction",
    "RootProblem",
    "Rooted",
    "StateProblem",
    "Weights",
    "activation",
    "dense",
    "enclosed",
    "less_identity",
    "offset",
]
