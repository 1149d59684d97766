"""Tasks to train networks on, a small trainer, and trained networks that come with the package."""

from .flip_flop import FlipFlop, Trials
from .networks import ReadoutNetwork, load_network

__all__ = ["FlipFlop", "ReadoutNetwork", "Trials", "load_network"]
