"""TensorFlow: any function on tensors."""

from .adapter import is_array, read_function, read_observable

__all__ = ["is_array", "read_function", "read_observable"]
