"""Users: root may become somebody else, who has no capability and no way back."""

from __future__ import annotations

import errno

import pytest
from guest_call import QUIET_RC, Guest, machine_at_shell, quiet_guest

CAP_SYS_MODULE = 16


@pytest.fixture
def guest() -> Guest:
    return quiet_guest()


def test_root_has_every_capability_and_a_user_none(guest: Guest) -> None:
    assert guest.call("sys_getuid") == 0
    assert guest.call("capable", CAP_SYS_MODULE) == 1
    assert guest.call("sys_setuid", 1000) == 0
    assert guest.call("sys_getuid") == 1000
    assert guest.call("capable", CAP_SYS_MODULE) == 0


def test_a_user_stays_who_he_is(guest: Guest) -> None:
    guest.call("sys_setuid", 7)
    assert guest.errno("sys_setuid", 0) == -errno.EPERM
    assert guest.errno("sys_setuid", 8) == -errno.EPERM
    assert guest.call("sys_setuid", 7) == 0
    assert guest.call("sys_getuid") == 7


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("setuid", "setuid: Invalid argument\n"),
        ("setuid 1 2", "setuid: Invalid argument\n"),
        ("setuid x", "setuid: x: Invalid argument\n"),
        ("setuid 12x", "setuid: 12x: Invalid argument\n"),
        ("setuid ''", "setuid: : Invalid argument\n"),
        ("setuid 1234567890", "setuid: 1234567890: Invalid argument\n"),
        ("setuid 0", ""),
        ("setuid 999999999", ""),
    ],
)
def test_setuid_in_the_shell(line: str, printed: str) -> None:
    assert machine_at_shell(QUIET_RC).shell(line) == printed


def test_the_shell_reports_a_refusal() -> None:
    machine = machine_at_shell(QUIET_RC)
    machine.shell("setuid 5")
    assert machine.shell("setuid 0") == "setuid: 0: Operation not permitted\n"
