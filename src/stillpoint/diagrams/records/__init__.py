"""What diagrams are made of, as records."""

from .branch import DiagramBranch, Ends, Origin
from .checks import Checks
from .counts import Counts
from .diagram import Diagram, check_along
from .events import Event, Events

__all__ = [
    "Checks",
    "Counts",
    "Diagram",
    "DiagramBranch",
    "Ends",
    "Event",
    "Events",
    "Origin",
    "check_along",
]
