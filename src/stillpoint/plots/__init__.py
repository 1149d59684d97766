"""Figures: every function takes `ax=`, draws into it, and returns the artists; `interactive` apart.

Nothing here changes global settings of matplotlib, and nothing needs a display.
"""

from .closed_curves import closed_curves
from .cycles import cycles
from .diagram import diagram
from .fixed_points import fixed_points
from .interactive import interactive
from .networks import networks
from .portraits import (
    attractor_graph,
    attractors,
    basins,
    exponents,
    flow_field,
    hasse_diagram,
    portrait,
)
from .regions import region_blocks, region_modes
from .search_summary import search_summary
from .slow_manifold import slow_manifold
from .slow_points import slow_points
from .spectrum import spectrum
from .tracks import tracks

__all__ = [
    "attractor_graph",
    "attractors",
    "basins",
    "closed_curves",
    "cycles",
    "diagram",
    "exponents",
    "fixed_points",
    "flow_field",
    "hasse_diagram",
    "interactive",
    "networks",
    "portrait",
    "region_blocks",
    "region_modes",
    "search_summary",
    "slow_manifold",
    "slow_points",
    "spectrum",
    "tracks",
]
