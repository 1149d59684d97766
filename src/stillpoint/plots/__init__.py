"""Figures: every function takes `ax=`, draws into it, and returns the artists; `interactive` apart.

Nothing here changes global settings of matplotlib, and nothing needs a display.
"""

from .attractors import attractors
from .basins import basins
from .closed_curves import closed_curves
from .cycles import cycles
from .exponents import exponents
from .fixed_points import fixed_points
from .flow_field import flow_field
from .interactive import interactive
from .regions import region_blocks, region_modes
from .search_summary import search_summary
from .slow_manifold import slow_manifold
from .slow_points import slow_points
from .spectrum import spectrum

__all__ = [
    "attractors",
    "basins",
    "closed_curves",
    "cycles",
    "exponents",
    "fixed_points",
    "flow_field",
    "interactive",
    "region_blocks",
    "region_modes",
    "search_summary",
    "slow_manifold",
    "slow_points",
    "spectrum",
]
