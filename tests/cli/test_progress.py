"""Long work is named on a terminal, short work is not."""

from __future__ import annotations

import os
import pty
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from minikernel.cli import progress as progress_module
from minikernel.cli.progress import progress


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Standard error is a terminal inside the block; gives what says what has come to it since the last time."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)

    def said() -> str:
        try:
            return os.read(master, 1000).decode()
        except BlockingIOError:
            return ""

    with os.fdopen(slave, "w") as stderr, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        yield said
    os.close(master)


def test_long_work_is_named_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "PATIENCE_SECONDS", 0.01)
    before = signal.getsignal(signal.SIGALRM)
    with terminal(monkeypatch) as said:
        with progress("the work"):
            limit = time.monotonic() + 10
            while signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0) and time.monotonic() < limit:
                time.sleep(0.001)
            assert said() == "the work ..."
        assert said() == "\r\x1b[K"
    assert signal.getsignal(signal.SIGALRM) is before


def test_short_work_is_not_and_no_thread_stands_in_the_way_of_a_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = threading.active_count()
    with terminal(monkeypatch) as said:
        with progress("the work"):
            assert threading.active_count() == threads
        assert said() == ""
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_work_in_a_thread_is_done_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def work() -> None:
        with progress("the work"):
            done.append("done")

    with terminal(monkeypatch) as said:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert done == ["done"] and said() == ""
