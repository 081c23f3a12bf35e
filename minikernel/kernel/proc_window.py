"""Asking the guest through the proc window (guest/kernel/proc_window.s): one request, one answer.

The machine runs as long as the answer takes, and no longer.
"""

from __future__ import annotations

from minikernel.board.proc_window import ProcResponse
from minikernel.errors import MinikernelError
from minikernel.machine.inputs import Input
from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopReason

#: How long (ns of virtual time) and how many instructions an answer may take.
PATIENCE_NS = 60_000_000_000
BUDGET = 1_000_000_000


class NoAnswerError(MinikernelError):
    """The guest did not answer a request; `stop` says where the machine stopped instead."""

    def __init__(self, what: str, stop: StopReason) -> None:
        self.stop = stop
        super().__init__(
            f"{what}: the guest has not answered ({stop}); it does once procwin_init has run "
            "and the system is SYSTEM_RUNNING"
        )


def ask(machine: Machine, request: Input, what: str) -> ProcResponse:
    """The guest's answer; a negative result is -errno. `what` names the request in NoAnswerError, which this raises."""
    window = machine.board.procwin
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
        raise NoAnswerError(what, stop)
    (response,) = answers
    return response
