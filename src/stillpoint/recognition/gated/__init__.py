"""Gated recurrent units, whose gates show one after the other."""

from .networks import Gated, gated_networks

__all__ = ["Gated", "gated_networks"]
