"""TensorFlow: any function on tensors."""

from .adapter import differentiate, is_array, read_function

__all__ = ["differentiate", "is_array", "read_function"]
