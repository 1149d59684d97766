"""A call that works, and what comes of it when one of its arguments is another value."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hostile import NEVER, POOL

from stillpoint import StillpointError

#: Seconds that a call may take.
LIMIT = 20.0

#: Characters that a message may have.
LONGEST = 1500


# What holds the arguments that messages name: a table, read from a file or a dictionary.
_PLACES = "connectome"


@dataclass(frozen=True)
class Call:
    """A function and arguments with which it works.

    Attributes
    ----------
    function
        What is called; it must leave its arguments as they are.
    arguments
        By name; a name with a star holds a tuple of positional ones, the first of which is
        replaced.
    paths
        The arguments that name files, for which the system may raise an OSError.
    free
        The arguments that may be anything.
    also
        With what messages about an argument may begin, beside its own name: words, such as the
        name of another argument, whose shape no longer fits.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    paths: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)

    def run(self, **replaced: Any) -> Any:
        """Call the function, some arguments replaced."""
        named = {**self.arguments, **replaced}
        several = named.pop(next((name for name in named if name[0] == "*"), ""), ())
        return self.function(*several, **named)


def closed(function: Callable[..., Any]) -> Callable[..., None]:
    """Return a function that draws, after which no figure stays open."""

    def call(**arguments: Any) -> None:
        import matplotlib.pyplot as plt

        try:
            function(**arguments)
        finally:
            plt.close("all")

    return call


def complaint(call: Call, name: str, value: str) -> str | None:
    """Return what is wrong with the outcome of a call with one argument replaced, or None.

    Right is a result, or an error of stillpoint that begins with the argument in few words.
    """
    made = POOL[value]()
    replaced = (made, *call.arguments[name][1:]) if name[0] == "*" else made
    try:
        with _quietly(), _limited():
            call.run(**{name: replaced})
    except StillpointError as error:
        return _complaint_of_message(call, name, made, str(error))
    except TimeoutError:
        return f"took more than {LIMIT:g} s"
    except OSError as error:
        return None if name in call.paths else f"{type(error).__name__}: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:150]}"
    if value in NEVER and name not in call.free:
        return "was accepted"
    return None


def _complaint_of_message(call: Call, name: str, made: Any, message: str) -> str | None:
    if len(message) > LONGEST:
        return f"a message of {len(message)} characters: {message[:100]}"
    names = "|".join(map(re.escape, [name.strip("*"), *call.also.get(name, "").split()]))
    if not re.match(rf"({_PLACES}: )?(\w+, )*({names})\b", message):
        return f"does not begin with the name: {message[:150]}"
    return None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stderr(io.StringIO()):
            yield


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
