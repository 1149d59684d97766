"""From starts to the minima of the speed: searching and describing slow points."""

from .find import find_slow_points, sample_slow_states

__all__ = ["find_slow_points", "sample_slow_states"]
