"""Which states lead to which: unstable manifolds followed, and whether the graph can be whole."""

from .connect import connect
from .record import AttractorGraph

__all__ = ["AttractorGraph", "connect"]
