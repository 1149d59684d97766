"""What lies between the points: planes through the state space, and how states move in them."""

from . import planes
from .flow_field import FlowField, flow_field

__all__ = ["FlowField", "flow_field", "planes"]
