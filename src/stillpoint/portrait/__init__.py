"""What lies between the points: how states move in a plane, and how deviations grow."""

from .flow_field import FlowField, flow_field
from .lyapunov import lyapunov
from .lyapunov_spectrum import LyapunovSpectrum

__all__ = ["FlowField", "LyapunovSpectrum", "flow_field", "lyapunov"]
