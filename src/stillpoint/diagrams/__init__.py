"""How what is found changes: diagrams along inputs and parameters, and what happens there."""

from ..branches.events import EventKind
from ..branches.family import family
from ..branches.path import Path, path
from .follow import follow_points
from .follow_closed_curves import follow_closed_curves
from .follow_cycles import follow_cycles
from .records import Diagram, Event, Events

__all__ = [
    "Diagram",
    "Event",
    "EventKind",
    "Events",
    "Path",
    "family",
    "follow_closed_curves",
    "follow_cycles",
    "follow_points",
    "path",
]
