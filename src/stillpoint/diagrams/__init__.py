"""How what is found changes: diagrams along inputs and parameters, and what happens there."""

from ..branches.events import EventKind
from ..branches.family import family
from ..branches.path import Path, path
from .events import Event, Events
from .follow import follow_points
from .follow_cycles import follow_cycles
from .record import Diagram

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
