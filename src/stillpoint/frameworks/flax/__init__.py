"""Flax: recurrent cells and layers of its two libraries, `flax.nnx` and `flax.linen`."""

from .adapter import is_model, read_model

__all__ = ["is_model", "read_model"]
