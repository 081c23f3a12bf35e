"""A second process for a build, where the machine has a processor for it.

Both processes take numbered pieces of work from one pipe, so the one that gets on better does more. Then the first
hands over what it made, and is free for something else while the second goes on alone. Whatever becomes of the second
- it was killed, or what it was given is wrong and an error has to be told - the first can still do everything itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO

MOST_PIECES = 256
"""A ticket is one byte."""


def is_worth_it() -> bool:
    """A second processor, and no threads: a fork copies one thread, and locks that others hold stay locked."""
    return sys.platform == "linux" and threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


class Mailbox:
    """One message from one process to the other: the bytes in a file, and a pipe that says when they are there."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close(), or by who takes it
        self._arrival, self._signal = os.pipe()

    def put(self, data: bytes) -> None:
        """Where there is no room for it, the other waits for nothing."""
        with contextlib.suppress(OSError):
            self._file.write(data)
            self._file.flush()
            os.write(self._signal, b"!")
        self.close()

    def take(self) -> IO[bytes] | None:
        """Waits for the message: a file, to be read from its start. None when the other ends without one."""
        os.close(self._signal)  # this process's own end: when the other's is closed, too, nothing comes any more
        self._signal = -1
        has_come = os.read(self._arrival, 1)
        file = os.fdopen(os.dup(self._file.fileno()), "rb") if has_come else None
        self.close()
        if file is not None:
            file.seek(0)
        return file

    def close(self) -> None:
        """This process has no more to do with it."""
        with contextlib.suppress(OSError):  # what could not be written before
            self._file.close()
        for end in {self._arrival, self._signal} - {-1}:
            os.close(end)
        self._arrival = self._signal = -1


class SecondProcess:
    """Begins at once to do `work`, which takes some of the pieces 0 to `count` - 1 from tickets()."""

    def __init__(self, count: int, work: Callable[[SecondProcess], None]) -> None:
        """Raises OSError where no more processes are allowed."""
        self._tickets, tickets = os.pipe()
        os.write(tickets, bytes(range(count)))
        os.close(tickets)
        self.from_first, self.from_second = Mailbox(), Mailbox()
        self.pid = os.fork()
        if not self.pid:
            self._run(work)

    def _run(self, work: Callable[[SecondProcess], None]) -> None:
        status = 1
        try:
            work(self)
            status = 0
        finally:
            os._exit(status)  # without a word: buffers and handlers belong to the first process

    def tickets(self) -> Iterator[int]:
        """The numbers of pieces that nobody has begun, each when it is asked for."""
        while ticket := os.read(self._tickets, 1):
            yield ticket[0]

    def wait(self) -> None:
        """To its end, which is near: pieces that are left are not begun any more, and no message comes any more."""
        for _ in self.tickets():
            pass
        os.close(self._tickets)
        self.from_first.close()
        self.from_second.close()
        with contextlib.suppress(ChildProcessError):  # where nobody waits for children the system does
            os.waitpid(self.pid, 0)
