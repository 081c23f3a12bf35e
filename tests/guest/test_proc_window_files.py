"""The proc window's operations on files: the functions behind the system calls do what is asked from outside."""

from __future__ import annotations

import errno

import pytest
from guest_call import QUIET_RC, machine_at_shell

from minikernel.board.proc_window import DATA_SIZE, ProcOp
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.proc_window import ask
from minikernel.machine.inputs import FileChunk, FileUnlink


@pytest.fixture
def machine() -> KernelMachine:
    return machine_at_shell(QUIET_RC)


def append(machine: KernelMachine, path: str, data: bytes, offset: int) -> int:
    return ask(machine, FileChunk(path, data, offset), path).result


def test_a_file_arrives_in_pieces_and_is_read_like_any_other(machine: KernelMachine) -> None:
    text = "".join(f"line {number}\n" for number in range(1000)).encode()
    for at in range(0, len(text), DATA_SIZE):
        piece = text[at : at + DATA_SIZE]
        assert append(machine, "/tmp/text", piece, at) == len(piece)
    assert machine.shell("cat /tmp/text") == text.decode()


def test_offset_0_makes_the_file_anew(machine: KernelMachine) -> None:
    append(machine, "/tmp/x", b"long text\n", 0)
    append(machine, "/tmp/x", b"new\n", 0)
    assert machine.shell("cat /tmp/x") == "new\n"


def test_a_piece_that_does_not_fit_the_length_is_refused(machine: KernelMachine) -> None:
    append(machine, "/tmp/x", b"four\n", 0)
    assert append(machine, "/tmp/x", b"y", 6) == -errno.EINVAL
    assert append(machine, "/tmp/x", b"y", 4) == -errno.EINVAL
    assert append(machine, "/dev/null", b"y", 0) == -errno.EINVAL
    assert machine.shell("cat /tmp/x") == "four\n"


@pytest.mark.parametrize(
    ("path", "number"),
    [("/no/dir", errno.ENOENT), ("/etc", errno.EISDIR), ("/etc/rc/x", errno.ENOTDIR)],
)
def test_append_gives_opens_errors(machine: KernelMachine, path: str, number: int) -> None:
    assert append(machine, path, b"x", 0) == -number


def test_a_removed_file_gives_its_memory_back(machine: KernelMachine) -> None:
    append(machine, "/tmp/warm-up", b"x", 0)
    free = machine.free_pages
    for at in range(0, 4 * DATA_SIZE, DATA_SIZE):
        append(machine, "/tmp/big", bytes(DATA_SIZE), at)
    assert machine.free_pages < free
    assert ask(machine, FileUnlink("/tmp/big"), "big").result == 0
    assert machine.free_pages == free
    assert ask(machine, FileUnlink("/tmp/big"), "big").result == -errno.ENOENT


def test_an_operation_there_is_not_is_refused(machine: KernelMachine) -> None:
    call = machine.symbol("proc_window_op")
    assert machine.image.symbolize(call) == "proc_window_op"
    machine.board.procwin.request(ProcOp.READ, "version", b"", 1, 0)
    machine.board.procwin._r.op = 6  # no requester of ours can say this
    machine.run(max_instructions=2_000_000)
    response = machine.board.procwin.response
    assert response is not None and response.result == -errno.EINVAL
