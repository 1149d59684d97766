"""Dynamics made from dynamics: the only way in which special cases enter.

Regions with the rest held, cycles, observed coordinates, fixed inputs, other units and Euler steps
are not options of the analyses; each is a new system that the analyses see like any other.
"""

from .base import Transformed
from .clamped import Clamped
from .descent import Descent
from .euler import EulerMap
from .iterated import Iterated
from .leaf import Leaf
from .observed import Observable, Observed
from .part import Part
from .rescaled import Rescaled
from .restricted import Restricted

__all__ = [
    "Clamped",
    "Descent",
    "EulerMap",
    "Iterated",
    "Leaf",
    "Observable",
    "Observed",
    "Part",
    "Rescaled",
    "Restricted",
    "Transformed",
]
