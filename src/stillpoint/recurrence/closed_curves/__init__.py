"""Closed curves of maps, on which each step is a turn: Newton's method in curve and rotation."""

from .find import find_closed_curves

__all__ = ["find_closed_curves"]
