"""What is on disk: whole or not there, and unchanged or refused.

Writing and checking know nothing of what a file holds, so everything that is saved shares them.
"""

from .atomic import read_path, write_atomically
from .seal import HDF5, ends_where_it_says, is_sealed, seal
from .trial import written_anew

__all__ = [
    "HDF5",
    "ends_where_it_says",
    "is_sealed",
    "read_path",
    "seal",
    "write_atomically",
    "written_anew",
]
