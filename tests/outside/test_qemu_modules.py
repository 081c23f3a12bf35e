"""QEMU as the second witness of the module loader: the same lines about modules print the same on both machines.

QEMU has caches of translated code and TLBs of its own, so what the loader forgets to flush would show.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from guest_call import QUIET_RC
from outside.qemu import Qemu

from minikernel.elf.image import Image
from minikernel.kernel.machine import KernelMachine
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import with_examples
from minikernel.toolchain.guest_tree import guest_tree

PROMPT = "\n# "
SECONDS = 60

LINES = (
    "modprobe chain_c",
    "lsmod",
    "rmmod chain_a",
    "modprobe -r chain_c",
    "modprobe chain_c",
    "modprobe -r chain_c",
    "modprobe user",
    "lsmod",
    "insmod /lib/modules/params.ko count=2 who='two words' loud",
    "modprobe initfail",
    "rmmod user exporter params",
    "modprobe nested",
    "modprobe size4095",
    "modprobe blink times=1 period=1",
    "echo 0x5a > /dev/led",
    "cat /dev/led",
    "rmmod blink nested hello size4095",
    "lsmod",
    "insmod /etc/rc",
    "setuid 7",
    "modprobe hello",
)

#: Times differ; and QEMU ends lines with a carriage return.
_TIME = re.compile(r"\[ *\d+\.\d{6}\]")


def comparable(text: str) -> str:
    return _TIME.sub("[time]", text.replace("\r\n", "\n"))


def carrying_examples(tree: Path) -> bytes:
    """vmlinux with the examples in its own initial file system: QEMU hands no initrd to an ELF kernel."""
    shutil.copytree(guest_tree(), tree)
    (tree / "initramfs" / "etc" / "rc").write_bytes(QUIET_RC)
    files = with_examples(build(BuildConfig.load())).files
    folder = tree / "initramfs" / "lib" / "modules"
    folder.mkdir(parents=True)
    for name in [*(f"{name}.ko" for name in BuildConfig.load().examples), "modules.dep"]:
        (folder / name).write_bytes(files[name])
    return build(BuildConfig.load(tree=tree)).image


def test_modules_load_and_go_on_qemu_as_on_our_machine(tmp_path: Path) -> None:
    vmlinux = tmp_path / "vmlinux"
    vmlinux.write_bytes(carrying_examples(tmp_path / "guest"))
    ours = KernelMachine(Image.from_bytes(vmlinux.read_bytes()))
    with Qemu(vmlinux) as qemu:
        at = qemu.wait_for(PROMPT, SECONDS)
        for line in LINES:
            qemu.type(line)
            start, at = at, qemu.wait_for(PROMPT, SECONDS, at)
            printed = comparable(qemu.console[start:at]).removeprefix(line).removeprefix("\n").removesuffix("# ")
            assert printed == comparable(ours.shell(line)), line
        qemu.type("poweroff")
        assert qemu.wait_for_power_off(SECONDS) == 0
