"""Steps with one rectified hidden layer, whose units show at the kinks."""

from .hidden_layers import piecewise_linear_network

__all__ = ["piecewise_linear_network"]
