"""CANNs' names for slow points: the finder, the container, figures, and checkpoints of models."""

from .checkpoint import load_checkpoint, save_checkpoint
from .finder import FixedPointFinder, FixedPoints
from .plotting import PlotConfig, plot_fixed_points_2d, plot_fixed_points_3d

__all__ = [
    "FixedPointFinder",
    "FixedPoints",
    "PlotConfig",
    "load_checkpoint",
    "plot_fixed_points_2d",
    "plot_fixed_points_3d",
    "save_checkpoint",
]
