"""What executors return for work that is handed over: the next one that has ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

# Seconds between looks at futures that do not tell when they have ended, such as jobs of submitit.
_PAUSE = 0.2

# Seconds after which waiting looks up, so that Ctrl-C comes through everywhere.
_LONGEST = 1.0


class Pending:
    """Futures, each with what it is called, that are forgotten when they have ended.

    It needs no more of them than `done`, `result` and `cancel`; `add_done_callback` spares looking.
    """

    def __init__(self) -> None:
        self._ended: SimpleQueue[int] = SimpleQueue()
        self._known: dict[int, tuple[str, Any]] = {}
        self._silent: list[int] = []

    def __len__(self) -> int:
        return len(self._known)

    def add(self, name: str, future: Any) -> None:
        """Take up a future."""
        number = id(future)  # it is kept, so no other has it
        self._known[number] = name, future
        if hasattr(future, "add_done_callback"):
            future.add_done_callback(lambda _: self._ended.put(number))
        else:
            self._silent.append(number)

    def as_they_end(self) -> Iterator[tuple[str, Any]]:
        """Yield name and future of each that has ended, until there are none left."""
        while self._known:
            ended = [n for n in self._silent if self._known[n][1].done()]
            self._silent = [n for n in self._silent if n not in set(ended)]
            ended += self._told(_PAUSE if self._silent else _LONGEST)
            for number in ended:
                yield self._known.pop(number)

    def _told(self, longest: float) -> list[int]:
        """Return a future that told that it has ended, if one does in time."""
        if len(self._silent) == len(self._known):
            time.sleep(longest if self._silent else 0)
            return []
        try:
            return [self._ended.get(timeout=longest)]
        except Empty:
            return []

    def cancel(self) -> list[str]:
        """Cancel what has not begun, and return the names of all that have not ended."""
        for _, future in self._known.values():
            future.cancel()
        return [name for name, _ in self._known.values()]
