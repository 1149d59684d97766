"""JAX: any function on its arrays; and what Flax and Equinox, which stand on it, have in common."""

from .adapter import differentiate, is_array, read_function

__all__ = ["differentiate", "is_array", "read_function"]
