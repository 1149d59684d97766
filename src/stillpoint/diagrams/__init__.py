"""How what is found changes: diagrams along inputs and parameters, and what happens there."""

from ..branches.events import EventKind
from ..branches.family import family
from ..branches.path import Path, path
from .follow import follow_points
from .follow_cycles import follow_cycles
from .records import Diagram, Event, Events

__all__ = [
    "Diagram",
    "Event",
    "EventKind",
    "Events",
    "Path",
    "family",
    "follow_cycles",
    "follow_points",
    "path",
]
