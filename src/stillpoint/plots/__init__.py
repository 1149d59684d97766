"""Figures: every function takes `ax=`, draws into it, and returns the artists.

Nothing here changes global settings of matplotlib, and nothing needs a display.
"""

from .manifold import slow_manifold
from .portrait import fixed_points
from .regions import region_blocks, region_modes
from .search import search_summary
from .slow_points import slow_points
from .spectrum import spectrum

__all__ = [
    "fixed_points",
    "region_blocks",
    "region_modes",
    "search_summary",
    "slow_manifold",
    "slow_points",
    "spectrum",
]
