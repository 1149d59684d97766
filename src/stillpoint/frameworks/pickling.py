"""Step functions as bytes, for other processes and for files."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any


def pack_function(given: Any) -> bytes:
    """Return a step function, with what it calls and holds, as a pickle.

    Functions that a module defines at its top level are found there again. Others (lambdas, those
    defined in functions or in a notebook) are packed with cloudpickle, where that is installed.

    Raises
    ------
    pickle.PicklingError
        If neither can pack it; the message says what to do.

    Examples
    --------
    >>> pickle.loads(pack_function(len)) is len
    True
    """
    try:
        return pickle.dumps(given)
    except Exception as error:
        failure = error
    if importlib.util.find_spec("cloudpickle"):
        import cloudpickle

        try:
            packed: bytes = cloudpickle.dumps(given)
        except Exception as error:
            failure = error
        else:
            return packed
    raise pickle.PicklingError(
        f"system: its step cannot be pickled ({type(failure).__name__}: {failure}). Define it at "
        f"the top level of a module, or install cloudpickle, which packs lambdas and functions "
        f"of notebooks too; or make the system in the worker: pass what it is made of, and call "
        f"as_system there."
    ) from failure
