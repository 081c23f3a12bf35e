"""A second process that shares numbered pieces of work, where the machine has a processor for it.

Both processes take the next number from one pipe, so the one that gets on better does more, and a second process that
never gets a processor costs nothing but its start. What it did not do - it was killed, or the piece is wrong and some
error has to be told - is left to the first.
"""

from __future__ import annotations

import marshal
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator

MOST_PIECES = 256
"""A ticket is one byte."""


def is_worth_it() -> bool:
    """A second processor, and no threads: a fork copies one thread, and locks that others hold stay locked."""
    return sys.platform == "linux" and threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


class SecondProcess:
    """Begins at once with some of the pieces 0 to `count` - 1. `work` gives the bytes of one; None: not done."""

    def __init__(self, count: int, work: Callable[[int], bytes | None]) -> None:
        self._tickets, tickets = os.pipe()
        os.write(tickets, bytes(range(count)))
        os.close(tickets)
        self._results = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish()
        self.pid = os.fork()
        if not self.pid:
            self._run(work)

    def _run(self, work: Callable[[int], bytes | None]) -> None:
        status = 1
        try:
            marshal.dump({number: work(number) for number in self.tickets()}, self._results)
            self._results.flush()
            status = 0
        finally:
            os._exit(status)  # without a word: buffers and handlers belong to the first process

    def tickets(self) -> Iterator[int]:
        """The numbers of pieces that nobody has begun, each when it is asked for."""
        while ticket := os.read(self._tickets, 1):
            yield ticket[0]

    def finish(self) -> dict[int, bytes]:
        """Waits for the end of the second process and gives what it did, by number."""
        with self._results as results:
            os.close(self._tickets)
            _, status = os.waitpid(self.pid, 0)
            results.seek(0)
            done: dict[int, bytes | None] = marshal.load(results) if status == 0 else {}
        return {number: data for number, data in done.items() if data is not None}
