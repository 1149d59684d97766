"""Manifolds along which a network moves slowly: lines, rings and sheets."""

from .follow import follow_slow_manifold
from .record import SlowManifold
from .rests import Rests

__all__ = ["Rests", "SlowManifold", "follow_slow_manifold"]
