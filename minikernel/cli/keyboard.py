"""The host's terminal as the guest's keyboard (`minikernel boot -i`).

The guest's tty echoes and edits lines, so the host's terminal must do neither; Ctrl-C stays the host's. Reading blocks:
while the guest waits for a key, nobody computes. The terminal gets its old settings back whatever happens.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, TextIO


class Keyboard:
    """A context manager over an input stream; `read` gives what was typed."""

    def __init__(self, stream: TextIO) -> None:
        self._fd = stream.fileno()
        self._stream = stream
        self._saved: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        if self._stream.isatty():
            self._silence()
        return self

    def _silence(self) -> None:
        try:
            import termios
        except ImportError:  # Windows: the host's line editing stays on
            return
        self._saved = termios.tcgetattr(self._fd)
        settings = termios.tcgetattr(self._fd)
        settings[3] &= ~(termios.ECHO | termios.ICANON)
        settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, termios.TCSADRAIN, settings)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._saved is not None:
            import termios

            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)
            self._saved = None

    def read(self) -> bytes:
        """What was typed since, at least one byte; of a pipe, one line. Empty at the end of the input."""
        if self._stream.isatty():
            return os.read(self._fd, 256)
        return self._stream.buffer.readline()
