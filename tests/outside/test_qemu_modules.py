"""QEMU loads, uses and removes the modules that our machine does: the same words on both, with QEMU's MMU and TLB."""

from __future__ import annotations

import re

import pytest
from judges import require
from outside.qemu import Qemu

from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

BOOT_SECONDS = 40.0
ANSWER_SECONDS = 20.0
BOOT_BUDGET = 200_000_000
AS_MODULES = {"pl031": "m", "rtc_hctosys": "m", "ehci_hcd": "n", "uhci_hcd": "n", "usb_storage": "n"}
SESSION = (
    "lsmod",
    "rmmod pl031",  # in use
    "rmmod rtc_hctosys",
    "rmmod pl031",
    "rmmod pl031",  # gone
    "insmod /lib/modules/rtc_hctosys.ko",  # its init wants the clock
    "modprobe rtc_hctosys",
    "lsmod",
    "cat /proc/modules",
    "modprobe -r rtc_hctosys",
    "lsmod",
)


def without_times(text: str) -> list[str]:
    """The lines that do not depend on when and on which machine: neither time stamps nor the clock's reading."""
    lines = [re.sub(r"^\[ *\d+\.\d+\] ", "", line).rstrip() for line in text.replace("\r", "").splitlines()]
    lines = [re.sub(r"clock to .*", "clock", re.sub(r"after \d+ usecs", "", line)) for line in lines]
    return [line for line in lines if line]


@pytest.fixture(scope="module")
def on_qemu(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the shell on QEMU says to each line of SESSION."""
    require("qemu-system-arm")
    vmlinux = tmp_path_factory.mktemp("qemu") / "vmlinux"
    vmlinux.write_bytes(build(BuildConfig.load(AS_MODULES)).image)
    said = []
    with Qemu(vmlinux) as qemu:
        at = qemu.wait_for("# ", BOOT_SECONDS)
        for line in SESSION:
            qemu.type(line)
            end = qemu.wait_for("\n# ", ANSWER_SECONDS, at)
            answer = qemu.console[at:end].replace("\r", "").removesuffix("# ")
            said.append(without_times(answer.partition("\n")[2]))
            at = end
        qemu.type("poweroff")
        assert qemu.wait_for_power_off(ANSWER_SECONDS) == 0
    return said


@pytest.fixture(scope="module")
def on_ours() -> list[list[str]]:
    """The same of our machine."""
    machine = prepare(BootOptions(drivers=AS_MODULES))
    machine.run(until="shell", max_instructions=BOOT_BUDGET)
    return [without_times(machine.shell(line)) for line in SESSION]


@pytest.mark.parametrize("number", range(len(SESSION)), ids=SESSION)
def test_qemu_says_what_our_machine_says(on_qemu: list[list[str]], on_ours: list[list[str]], number: int) -> None:
    assert on_qemu[number] == on_ours[number]


def test_the_session_does_what_it_is_for(on_ours: list[list[str]]) -> None:
    answers = dict(zip(SESSION, on_ours, strict=True))
    assert answers["cat /proc/modules"][0].startswith("rtc_hctosys 12288 0 - Live 0xbf0")
    assert answers["cat /proc/modules"][1].startswith("pl031 12288 1 rtc_hctosys, Live 0xbf0")
    refused = answers["insmod /lib/modules/rtc_hctosys.ko"][-1]
    assert refused == "insmod: ERROR: could not insert module /lib/modules/rtc_hctosys.ko: No such device"
    assert on_ours[-1] == ["Module                  Size  Used by"]
