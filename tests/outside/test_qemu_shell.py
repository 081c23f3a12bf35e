"""The same lines typed at the same shell, on QEMU and on our machine, print the same."""

from __future__ import annotations

from pathlib import Path

from guest_call import machine_at_shell
from outside.qemu import Qemu

from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

SECONDS = 40.0
PROMPT = "\n# "

LINES = """
ls /
ls /proc /etc
cat /proc/cmdline /proc/filesystems /proc/iomem /proc/kallsyms
cat /proc/deferred_initcalls
echo 2 > /proc/deferred_initcalls
echo 'a  b' "c" d\\ e > /f
echo more >> /f
cat /f /none
rm /f
ls /f
echo kept > /flash/a
cat /flash/a
ls /flash/a
nosuch
help
""".strip().splitlines()


def test_same_lines_print_the_same_on_qemu(tmp_path: Path) -> None:
    vmlinux = tmp_path / "vmlinux"
    vmlinux.write_bytes(build(BuildConfig.load()).image)
    ours = machine_at_shell()
    with Qemu(vmlinux) as qemu:
        at = qemu.wait_for(PROMPT, SECONDS)
        assert "snap: /dev/camera: No such device" in qemu.console
        for line in LINES:
            qemu.type(line)
            start, at = at, qemu.wait_for(PROMPT, SECONDS, at)
            printed = qemu.console[start:at].replace("\r\n", "\n")
            assert printed == f"{line}\n{ours.shell(line)}# "
        qemu.type("poweroff")
        assert qemu.wait_for_power_off(SECONDS) == 0
