"""qemu-system-arm -M vexpress-a15 as the second witness of a boot: a process, its console, and a time limit."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from judges import require

COMMAND = shlex.split(
    "qemu-system-arm -M vexpress-a15 -m 64 -nographic -audiodev none,id=n -monitor none -serial stdio"
)


class Qemu:
    """One boot of `vmlinux`. The process ends with the `with` block, whatever happens in it."""

    def __init__(self, vmlinux: Path, extra: Sequence[str] = ()) -> None:
        require("qemu-system-arm")
        self._process = subprocess.Popen(
            [*COMMAND, "-kernel", str(vmlinux), *extra],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._output = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Qemu:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    @property
    def console(self) -> str:
        """What the guest has printed so far."""
        with self._changed:
            return self._output.decode(errors="replace")

    def wait_for(self, text: str, seconds: float, start: int = 0) -> int:
        """The place behind `text` in the output, looked for from `start` on. AssertionError when it does not come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._find(text, start) >= 0, timeout=seconds)
            found = self._find(text, start)
        assert found >= 0, f"no {text!r} within {seconds} s:\n{self.console}"
        return found + len(text)

    def type(self, line: str) -> None:
        """Types a line at the console."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def wait_for_power_off(self, seconds: float) -> int:
        """QEMU's exit status once the guest has switched the board off; subprocess.TimeoutExpired when it does not."""
        return self._process.wait(timeout=seconds)

    def _find(self, text: str, start: int) -> int:
        return self._output.decode(errors="replace").find(text, start)

    def _read(self) -> None:
        assert self._process.stdout is not None
        while piece := self._process.stdout.read1(4096):  # type: ignore[attr-defined]
            with self._changed:
                self._output += piece
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
