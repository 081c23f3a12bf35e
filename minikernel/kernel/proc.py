"""/proc through the proc window: the guest serves the request with the handlers its own system calls use.

The machine runs as long as the answer takes, and no longer.
"""

from __future__ import annotations

from minikernel.board.proc_window import DATA_SIZE, ProcResponse
from minikernel.errors import MinikernelError
from minikernel.kernel.errno import errno_text
from minikernel.machine.inputs import ProcRequest
from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopReason

#: How long (ns of virtual time) and how many instructions an answer may take.
PATIENCE_NS = 60_000_000_000
BUDGET = 1_000_000_000

PREFIX = "/proc/"


class NoAnswerError(MinikernelError):
    """The guest did not answer a request; `stop` says where the machine stopped instead."""

    def __init__(self, path: str, stop: StopReason) -> None:
        self.stop = stop
        super().__init__(
            f"/proc/{path}: the guest has not answered ({stop}); it does once procwin_init has run "
            "and the system is SYSTEM_RUNNING"
        )


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
        machine, window = self._machine, self._machine.board.procwin
        answers: list[ProcResponse] = []

        def answered(response: ProcResponse) -> None:
            answers.append(response)
            machine.request_stop("the proc window is answered")

        window.on_answer = answered
        try:
            machine.inputs.push(request)
            stop = machine.run(max_instructions=BUDGET, until_ns=machine.time_ns + PATIENCE_NS)
        finally:
            window.on_answer = None
        if not answers:
            raise NoAnswerError(name, stop)
        (response,) = answers
        if response.result < 0:
            raise OSError(-response.result, errno_text(response.result), PREFIX + name)
        return response
