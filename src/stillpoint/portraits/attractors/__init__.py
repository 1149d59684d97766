"""Where orbits end: points, what recurs, and what only statistics tell."""

from .find import find_attractors

__all__ = ["find_attractors"]
