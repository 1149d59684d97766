"""PyTorch: recurrent modules, cells, and any function on tensors."""

from .adapter import is_array, is_model, read_function, read_model, read_observable

__all__ = ["is_array", "is_model", "read_function", "read_model", "read_observable"]
