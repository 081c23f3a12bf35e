"""Ctrl-C while the guest runs: noted at once, acted upon between two instructions, so that no state is half changed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noticed(on_ctrl_c: Callable[[], None]) -> Iterator[None]:
    """While in this block SIGINT calls on_ctrl_c() instead of raising KeyboardInterrupt.

    Does nothing outside the main thread, where Python delivers no signals, and when SIGINT is ignored.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield
        return

    def handler(_number: int, _frame: FrameType | None) -> None:
        on_ctrl_c()

    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
