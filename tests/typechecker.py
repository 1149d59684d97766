"""The run-time type checker of the tests: beartype, with ints accepted as floats."""

from __future__ import annotations

from beartype import BeartypeConf, beartype

typechecker = beartype(conf=BeartypeConf(is_pep484_tower=True))
