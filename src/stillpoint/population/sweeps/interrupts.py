"""Whether Ctrl-C came while a verb was at work: searches return what they have by then."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_noted() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether SIGINT has come in the block, and is handled as before.

    Python hands signals to the main thread alone, so that what runs in others is not stopped.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield lambda: False
        return
    handle, came = before, threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        came.set()
        handle(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, before)
