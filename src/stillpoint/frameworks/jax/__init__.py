"""JAX: any function on its arrays; and what Flax and Equinox, which stand on it, have in common."""

from .adapter import is_array, read_function, read_observable

__all__ = ["is_array", "read_function", "read_observable"]
