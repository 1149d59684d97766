"""What lies between the points: attractors, what leads where, flow fields and exponents."""

from .attractor_graph import attractor_graph, hasse_diagram
from .attractors import attractors
from .basins import basins
from .exponents import exponents
from .flow_field import flow_field
from .portrait import portrait

__all__ = [
    "attractor_graph",
    "attractors",
    "basins",
    "exponents",
    "flow_field",
    "hasse_diagram",
    "portrait",
]
