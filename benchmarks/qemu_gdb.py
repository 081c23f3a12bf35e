"""The same initcall trace, taken by QEMU with gdb breakpoints, side by side: python benchmarks/qemu_gdb.py

QEMU is far faster per instruction, but each of its breakpoints costs a stop, a round trip to gdb and a resume; here a
probe is a Python call inside the process. The figure is the ratio of the two whole processes, boot to shell.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

#: Boots to the moment the first program reads the console; initcalls go to standard output, one a line.
OURS = """
import minikernel
machine = minikernel.boot(until="shell")
for initcall in machine.initcalls:
    print(initcall.name)
"""

GDB_SCRIPT = """
set confirm off
set pagination off
target remote localhost:{port}
break *do_one_initcall
commands
silent
info symbol (unsigned int) $r0
continue
end
break *console_wait
commands
silent
kill
quit
end
continue
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ours() -> tuple[list[str], float]:
    """Names of the initcalls and seconds of the process."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", OURS], check=True, capture_output=True, text=True)
    return done.stdout.split(), time.perf_counter() - start


def with_gdb(vmlinux: Path) -> tuple[list[str], float]:
    """The same from QEMU, stopped by gdb at each call."""
    port = free_port()
    start = time.perf_counter()
    machine = ["-M", "vexpress-a15", "-m", "64", "-nographic", "-audiodev", "none,id=n", "-monitor", "none"]
    qemu = subprocess.Popen(
        [
            "qemu-system-arm",
            *machine,
            "-serial",
            "null",
            "-kernel",
            str(vmlinux),
            "-S",
            "-gdb",
            f"tcp:127.0.0.1:{port}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        script = vmlinux.with_name("trace.gdb")
        script.write_text(GDB_SCRIPT.format(port=port))
        done = subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", "-x", str(script), str(vmlinux)],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - start
    finally:
        qemu.kill()
        qemu.wait()
    return re.findall(r"^(\w+) in section", done.stdout, re.MULTILINE), seconds


def main() -> None:
    missing = [tool for tool in ("qemu-system-arm", "gdb-multiarch") if shutil.which(tool) is None]
    if missing:
        print("not measured, missing: " + ", ".join(missing))
        return
    image = build(BuildConfig.load()).image
    ours()  # the build cache is warm from here on
    names, seconds = ours()
    with tempfile.TemporaryDirectory() as directory:
        vmlinux = Path(directory) / "vmlinux"
        vmlinux.write_bytes(image)
        gdb_names, gdb_seconds = with_gdb(vmlinux)
    for mine, theirs in zip(names, [None, *gdb_names], strict=False):
        print(f"{mine:24} {theirs or '(console initcalls are not called through do_one_initcall)'}")
    print(f"{len(names)} initcalls here, {len(gdb_names)} seen by gdb")
    print(f"QEMU with gdb against minikernel   {gdb_seconds / seconds:6.2f}")


if __name__ == "__main__":
    main()
