"""/proc through the proc window: the guest serves the request with the handlers its own system calls use."""

from __future__ import annotations

from minikernel.board.proc_window import DATA_SIZE, ProcResponse
from minikernel.kernel.errno import errno_text
from minikernel.kernel.proc_window import NoAnswerError, ask
from minikernel.machine.inputs import ProcRequest
from minikernel.machine.machine import Machine

__all__ = ["NoAnswerError", "Proc"]

PREFIX = "/proc/"


class Proc:
    """The files of /proc. Paths are `meminfo` or `/proc/meminfo`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self, path: str) -> str:
        """The whole text of a file, by as many reads as it takes. Raises OSError (the guest's errno), NoAnswerError."""
        text = b""
        while part := self.read_at(path, len(text)):
            text += part
        return text.decode("utf-8", "replace")

    def read_at(self, path: str, offset: int, count: int = DATA_SIZE) -> bytes:
        """One read of at most `count` bytes from `offset`. Raises as read() does."""
        name = path.removeprefix(PREFIX)
        return self._ask(name, ProcRequest(name, count=count, offset=offset)).data

    def write(self, path: str, text: str) -> int:
        """One write; how many bytes the file took. Raises OSError with the guest's errno, NoAnswerError, UsageError."""
        name = path.removeprefix(PREFIX)
        return self._ask(name, ProcRequest(name, data=text.encode("utf-8"))).result

    def _ask(self, name: str, request: ProcRequest) -> ProcResponse:
        response = ask(self._machine, request, PREFIX + name)
        if response.result < 0:
            raise OSError(-response.result, errno_text(response.result), PREFIX + name)
        return response
