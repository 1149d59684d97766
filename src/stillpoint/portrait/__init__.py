"""What lies between the points: manifolds along which a network moves slowly."""

from .ends import End
from .manifolds import follow_slow_manifold
from .slow_manifold import Rests, SlowManifold

__all__ = ["End", "Rests", "SlowManifold", "follow_slow_manifold"]
