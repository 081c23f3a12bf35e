"""Every way to be refused by init_module, finit_module and delete_module: errno, message, and nothing left behind.

`pytest -q -s tests/modules/test_errno_tables.py` prints both tables: case, expected, got.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from modules.guest_loader import (
    NR_DELETE_MODULE,
    NR_FINIT_MODULE,
    NR_INIT_MODULE,
    NR_SETUID,
    O_NONBLOCK,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    GuestLoader,
    fresh,
    struct_module,
)
from modules.ko import module
from modules.malformed import ALL_CASES, ENFORCE, SILENT, Case
from modules.sources import PROVIDER, init_returns, user_of, victim

BAD_POINTER = 0x7000_0000  # nothing is mapped there
KERNEL_POINTER = 0xC000_8000
LIVE, COMING = 0, 1


@dataclass(frozen=True)
class Row:
    """What a case came to, for the table that is printed."""

    call: str
    case: str
    expected: str
    got: str
    message: str


ROWS: list[Row] = []


@pytest.fixture(scope="module", autouse=True)
def _print_table() -> Iterator[None]:
    ROWS.clear()
    yield
    lines = [f"{row.call:<14} {row.case:<50} {row.expected:<12} {row.got:<12} {row.message}" for row in ROWS]
    right = sum(row.expected == row.got for row in ROWS)
    head = f"{'call':<14} {'case':<50} {'expected':<12} {'got':<12} message"
    print("\n" + "\n".join([head, *lines, f"{right} of {len(ROWS)} as expected"]))  # noqa: T201


def named(result: int) -> str:
    """-2 -> ENOENT."""
    return "0" if result == 0 else errno.errorcode.get(-result, str(result)) if result < 0 else str(result)


def snapshot(guest: GuestLoader) -> tuple[object, ...]:
    """All that must be the same afterwards: what the guest shows, then what its kernel holds."""
    shown = guest.read_file("/proc/modules"), guest.read_file("/proc/kallsyms")
    return (*shown, guest.state())


BEGINNINGS: dict[int, tuple[object, ...]] = {}


def beginning(guest: GuestLoader) -> tuple[object, ...]:
    """snapshot() of a guest that was just set back; every time the same."""
    if id(guest) not in BEGINNINGS:
        BEGINNINGS[id(guest)] = snapshot(guest)
        guest.reset()
    return BEGINNINGS[id(guest)]


# --- 4.1: the arguments of the system calls (LTP: init_module02, finit_module02, delete_module02 and 03) --------------

Call = Callable[[GuestLoader], int]


@dataclass(frozen=True)
class Argument:
    """A row: a system call and its errno."""

    call: str
    case: str
    errno: int
    do: Call
    append: str = ""
    setup: Callable[[GuestLoader], None] | None = None
    teardown: Callable[[GuestLoader], None] | None = None


KO_PATH = "/tmp/victim.ko"


def _init(
    guest: GuestLoader, ko: bytes, where: int | None = None, size: int | None = None, params: int | None = None
) -> int:
    address = guest.put(ko) if where is None else where
    arguments = guest.text("") if params is None else params
    return guest.syscall(NR_INIT_MODULE, address, len(ko) if size is None else size, arguments)


def _finit(guest: GuestLoader, flags: int = 0, params: str | None = "", mode: int = 0, path: str = KO_PATH) -> int:
    fd = guest.open(path, mode)
    assert fd >= 0, fd
    result = guest.syscall(NR_FINIT_MODULE, fd, 0 if params is None else guest.text(params), flags)
    guest.close(fd)
    return result


def _no_capability(guest: GuestLoader) -> None:
    assert guest.syscall(NR_SETUID, 1000) == 0


def _capability_again(guest: GuestLoader) -> None:
    guest.set_word("current_uid", 0)


def _loaded(guest: GuestLoader) -> None:
    assert guest.init_module(victim()) == 0


def _unloaded(guest: GuestLoader) -> None:
    assert guest.delete_module("victim") == 0


def _dummy_pair(guest: GuestLoader) -> None:
    provider = module("dummy_del_mod", PROVIDER)
    assert guest.init_module(provider) == 0
    assert guest.init_module(module("dummy_del_mod_dep", user_of("provided"), others=[provider])) == 0


def _dummy_pair_gone(guest: GuestLoader) -> None:
    assert guest.delete_module("dummy_del_mod_dep") == 0
    assert guest.delete_module("dummy_del_mod") == 0


def _held(guest: GuestLoader) -> None:
    _loaded(guest)
    guest.call("__module_get", guest.modules()[0][3])


def _released(guest: GuestLoader) -> None:
    guest.call("module_put", guest.modules()[0][3])
    _unloaded(guest)


def _without_exit(guest: GuestLoader) -> None:
    source = init_returns(0).replace("module_exit returning_exit", "")
    assert guest.init_module(module("permanent", source)) == 0


def _forced_out(guest: GuestLoader) -> None:
    assert guest.delete_module("permanent", O_NONBLOCK | O_TRUNC) == 0


def _being_loaded(guest: GuestLoader) -> None:
    _loaded(guest)
    _set_state(guest, COMING)


def _set_state(guest: GuestLoader, state: int) -> None:
    guest.machine.write(guest.modules()[0][3] + struct_module("STATE"), state.to_bytes(4, "little"))


def _live_again(guest: GuestLoader) -> None:
    _set_state(guest, LIVE)
    _unloaded(guest)


def _disabled(guest: GuestLoader) -> None:
    _loaded(guest)
    guest.set_word("modules_disabled", 1)


def _enabled(guest: GuestLoader) -> None:
    guest.set_word("modules_disabled", 0)
    _unloaded(guest)


def _delete(name: str, flags: int = O_NONBLOCK) -> Call:
    return lambda guest: guest.delete_module(name, flags)


def _delete_at(pointer: int) -> Call:
    return lambda guest: guest.syscall(NR_DELETE_MODULE, pointer, O_NONBLOCK)


def _write_only(guest: GuestLoader) -> int:
    return _finit(guest, mode=O_WRONLY)


ARGUMENTS = (
    Argument("init_module", "NULL buffer, size ok", errno.EFAULT, lambda g: _init(g, victim(), where=0)),
    Argument("init_module", "unmapped buffer", errno.EFAULT, lambda g: _init(g, victim(), where=BAD_POINTER)),
    Argument("init_module", "buffer in the kernel", errno.EFAULT, lambda g: _init(g, victim(), where=KERNEL_POINTER)),
    Argument(
        "init_module",
        "buffer ends in an unmapped page",
        errno.EFAULT,
        lambda g: _init(g, victim(), size=len(victim()) + 1),
    ),
    Argument("init_module", "params NULL", errno.EFAULT, lambda g: _init(g, victim(), params=0)),
    Argument("init_module", "params unmapped", errno.EFAULT, lambda g: _init(g, victim(), params=BAD_POINTER)),
    Argument("init_module", "params in the kernel", errno.EFAULT, lambda g: _init(g, victim(), params=KERNEL_POINTER)),
    Argument("init_module", "size 0", errno.ENOEXEC, lambda g: _init(g, victim(), size=0)),
    Argument("init_module", "size 4 GiB - 1", errno.ENOMEM, lambda g: _init(g, victim(), size=0xFFFF_FFFF)),
    Argument("init_module", "status=invalid", errno.EINVAL, lambda g: g.init_module(victim(), "status=invalid")),
    Argument(
        "init_module",
        "no CAP_SYS_MODULE",
        errno.EPERM,
        lambda g: g.init_module(victim()),
        setup=_no_capability,
        teardown=_capability_again,
    ),
    Argument(
        "init_module",
        "loaded twice",
        errno.EEXIST,
        lambda g: g.init_module(victim()),
        setup=_loaded,
        teardown=_unloaded,
    ),
    Argument(
        "init_module", "unsigned, enforced", errno.EKEYREJECTED, lambda g: g.init_module(victim()), append=ENFORCE
    ),
    Argument("init_module", "nomodule", errno.EPERM, lambda g: g.init_module(victim()), append="nomodule"),
    Argument("init_module", "status=valid", 0, lambda g: g.init_module(victim(), "status=valid"), teardown=_unloaded),
    Argument("finit_module", "fd -1", errno.EBADF, lambda g: g.syscall(NR_FINIT_MODULE, -1, g.text(""), 0)),
    Argument("finit_module", "fd 1000", errno.EBADF, lambda g: g.syscall(NR_FINIT_MODULE, 1000, g.text(""), 0)),
    Argument("finit_module", "not a regular file", errno.EINVAL, lambda g: _finit(g, path="/dev/console")),
    Argument("finit_module", "params NULL", errno.EFAULT, lambda g: _finit(g, params=None)),
    Argument("finit_module", "status=invalid", errno.EINVAL, lambda g: _finit(g, params="status=invalid")),
    Argument("finit_module", "flags -1", errno.EINVAL, lambda g: _finit(g, flags=-1)),
    Argument("finit_module", "flags: compressed file", errno.EOPNOTSUPP, lambda g: _finit(g, flags=4)),
    Argument(
        "finit_module", "no CAP_SYS_MODULE", errno.EPERM, _finit, setup=_no_capability, teardown=_capability_again
    ),
    Argument("finit_module", "loaded twice", errno.EEXIST, _finit, setup=_loaded, teardown=_unloaded),
    Argument("finit_module", "unsigned, enforced", errno.EKEYREJECTED, _finit, append=ENFORCE),
    Argument("finit_module", "fd write-only", errno.EBADF, _write_only),
    Argument("finit_module", "fd read-write", errno.ETXTBSY, lambda g: _finit(g, mode=O_RDWR)),
    Argument("finit_module", "directory", errno.EINVAL, lambda g: _finit(g, path="/tmp")),
    Argument("finit_module", "a file of /proc", errno.EINVAL, lambda g: _finit(g, path="/proc/modules")),
    Argument("finit_module", "empty file", errno.EINVAL, lambda g: _finit(g, path="/tmp/empty.ko")),
    Argument("finit_module", "status=valid", 0, lambda g: _finit(g, params="status=valid"), teardown=_unloaded),
    Argument("delete_module", "unknown name", errno.ENOENT, _delete("no_such_module")),
    Argument("delete_module", '""', errno.ENOENT, _delete("")),
    Argument("delete_module", "NULL name", errno.EFAULT, _delete_at(0)),
    Argument("delete_module", "bad pointer", errno.EFAULT, _delete_at(BAD_POINTER)),
    Argument("delete_module", "pointer into the kernel", errno.EFAULT, _delete_at(KERNEL_POINTER)),
    Argument("delete_module", "name of 59 'm'", errno.ENOENT, _delete("m" * 59)),
    Argument("delete_module", "name of 60 'm'", errno.ENOENT, _delete("m" * 60)),
    Argument("delete_module", "name of 4000 'm'", errno.ENOENT, _delete("m" * 4000)),
    Argument(
        "delete_module", "not root", errno.EPERM, _delete("victim"), setup=_no_capability, teardown=_capability_again
    ),
    Argument(
        "delete_module",
        "another module uses it",
        errno.EWOULDBLOCK,
        _delete("dummy_del_mod"),
        setup=_dummy_pair,
        teardown=_dummy_pair_gone,
    ),
    Argument("delete_module", "not LIVE", errno.EBUSY, _delete("victim"), setup=_being_loaded, teardown=_live_again),
    Argument(
        "delete_module",
        "init but no exit",
        errno.EBUSY,
        _delete("permanent"),
        setup=_without_exit,
        teardown=_forced_out,
    ),
    Argument("delete_module", "reference held", errno.EWOULDBLOCK, _delete("victim"), setup=_held, teardown=_released),
    Argument("delete_module", "modules_disabled", errno.EPERM, _delete("victim"), setup=_disabled, teardown=_enabled),
    Argument("delete_module", "loaded", 0, _delete("victim"), setup=_loaded),
    Argument(
        "delete_module", "twice", errno.ENOENT, lambda g: (_loaded(g), _unloaded(g), g.delete_module("victim"))[2]
    ),
)


@pytest.mark.parametrize("row", ARGUMENTS, ids=lambda row: f"{row.call}-{row.case}")
def test_arguments_of_the_system_calls(row: Argument) -> None:
    guest = fresh(row.append, [(KO_PATH[1:], victim()), ("tmp/empty.ko", b"")])
    before = beginning(guest)
    if row.setup is not None:
        row.setup(guest)
    got = row.do(guest)
    if row.teardown is not None:
        row.teardown(guest)
    ROWS.append(Row(row.call, row.case, named(-row.errno), named(got), ""))
    assert named(got) == named(-row.errno)
    assert snapshot(guest) == before


# --- 4.2: the file ----------------------------------------------------------------------------------------------------


def _load(guest: GuestLoader, case: Case) -> int:
    if case.finit or case.flags:
        return guest.load_file(case.ko(), case.params, case.flags)
    return guest.init_module(case.ko(), case.params)


def _message_of(case: Case, log: str) -> str:
    """The line that the message begins, behind the module's name; else all that was said."""
    for line in log.splitlines():
        if case.message and case.message in line:
            return line
    return log.replace("\n", " | ")


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.name)
def test_malformed_modules(case: Case) -> None:
    guest = fresh(case.append)
    before = beginning(guest)
    for ko in case.loads.values():
        assert guest.init_module(ko()) == 0
    if case.prepare is not None:
        case.prepare(guest)
    mark = guest.log_mark()
    got = _load(guest, case)
    log = guest.log_since(mark)
    ROWS.append(Row("the file", case.name, named(-case.errno), named(got), _message_of(case, log)))
    if got == 0:
        loaded = guest.modules()[0][0]
        assert case.taints in guest.read_file("/proc/modules").splitlines()[0].rpartition("(")[2]
        assert guest.delete_module(loaded, O_NONBLOCK) == 0
    if case.undo is not None:
        case.undo(guest)
    for name in reversed(case.loads):
        assert guest.delete_module(name) == 0
    assert named(got) == named(-case.errno), log
    if case.message == SILENT:
        assert log == ""
    elif case.message is not None:
        assert any(_begins(line, case.message) for line in log.splitlines()), log
    assert snapshot(guest) == before


def _begins(line: str, message: str) -> bool:
    """`message` at the start of a line, behind `name: ` or `name: section 1 reloc 2 sym 'x': ` if that stands there."""
    return line.startswith(message) or f": {message}" in line
