"""PyTorch: recurrent modules, cells, and any function on tensors."""

from .adapter import differentiate, is_array, is_model, read_function, read_model

__all__ = ["differentiate", "is_array", "is_model", "read_function", "read_model"]
