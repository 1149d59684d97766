"""What lies between the points: planes through the state space, and how states move in them."""

from . import planes
from .flow_field import FlowField, flow_field
from .lyapunov import LyapunovSpectrum, lyapunov

__all__ = ["FlowField", "LyapunovSpectrum", "flow_field", "lyapunov", "planes"]
