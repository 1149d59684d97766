"""Networks from their weights alone: files and mappings of names to arrays, without a module.

A file is read into names and arrays, the names say whose weights they are and in which layout
(`layouts.py`), and what they do not say is asked for, never guessed. Nothing that a file holds
is run.
"""

from .read import is_weights, read_weights

__all__ = ["is_weights", "read_weights"]
