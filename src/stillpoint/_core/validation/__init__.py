"""What comes in from the caller: of the right type, shape and size, or an error that says so.

Every function takes the argument's name and raises an `ArgumentError` that names it, says in few
words what came, what was wanted, and what to do. Arrays come out as NumPy's own, on the host.
"""

from .arrays import (
    first_line,
    read_floats,
    read_indices,
    read_mask,
    read_numbers,
    read_rows,
    read_unmasked,
    shape_of,
)
from .states import read_deviation, read_input_sequences, read_inputs, read_states
from .values import (
    check_flag,
    check_kind,
    check_option,
    check_real,
    check_sequence,
    check_whole,
    read_generator,
    read_seed,
    whole_number,
)

__all__ = [
    "check_flag",
    "check_kind",
    "check_option",
    "check_real",
    "check_sequence",
    "check_whole",
    "first_line",
    "read_deviation",
    "read_floats",
    "read_generator",
    "read_indices",
    "read_input_sequences",
    "read_inputs",
    "read_mask",
    "read_numbers",
    "read_rows",
    "read_seed",
    "read_states",
    "read_unmasked",
    "shape_of",
    "whole_number",
]
