"""Keras 3: recurrent cells and the layers that hold one, on any of its backends."""

from .adapter import is_model, read_model

__all__ = ["is_model", "read_model"]
