"""Says what takes so long: after two seconds of work, and only to a terminal, one line on standard error."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 2.0


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Names the work inside the block if it lasts; the line is wiped when it is done.

    By a signal and not by a thread, beside which a build would begin no second process; where there is no such signal
    (Windows, a thread that is not the main one), nothing is said.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not (sys.stderr.isatty() and is_main and hasattr(signal, "setitimer")):
        yield
        return
    shown = False

    def show(_signal: int, _frame: object) -> None:
        nonlocal shown
        shown = True
        os.write(sys.stderr.fileno(), f"{what} ...".encode())  # whatever sys.stderr is in the middle of

    before = signal.signal(signal.SIGALRM, show)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
