"""Floor 5. From sources to a running camera: build the image, make the machine, run it as far as asked.

`boot()` is the public call. `prepare()` and `tell_story()` are its halves for those who listen while it runs: the
command line, and the comparison with nothing deferred.

The modules of the machine are imported where it is made: a build that is not cached begins before they are loaded.

The file is not called boot.py: a submodule of that name would take the place of the function `minikernel.boot`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from minikernel.board.scene import default_scene
from minikernel.elf.image import Image
from minikernel.kernel.events import MilestoneName
from minikernel.machine.stop import StopKind, StopReason
from minikernel.toolchain.build import Build, build
from minikernel.toolchain.config import BuildConfig, DriverSetting
from minikernel.toolchain.examples import find_module, module_archive
from minikernel.values import dataclass

if TYPE_CHECKING:
    from minikernel.kernel.machine import KernelMachine

#: Instructions after which a boot that does not end is stopped: ten seconds of a 100 MHz processor that never sleeps.
DEFAULT_BUDGET = 1_000_000_000

#: How long (ns of virtual time) the story waits for the desktop to fetch a picture once the cable is in.
DESKTOP_PATIENCE_NS = 2_000_000_000

#: Where init looks for its script, in the initial file system.
RC_PATH = "etc/rc"


@dataclass(frozen=True)
class BootOptions:
    """What a boot can be given; each field is the command's option of that name, its file already read.

    drivers: driver -> y, deferred, m or n. append: words for the kernel command line. rc: the script that takes the
    place of /etc/rc. scene: a PPM file, None for the drawn one. flash: contents to begin with, None for an erased one.
    modules: whether the examples of guest/modules lie in /lib/modules, for modprobe and insmod at the guest's shell.
    tree: the guest's sources, None for ours.
    """

    drivers: Mapping[str, str] = field(default_factory=dict)
    append: str = ""
    rc: bytes | None = None
    scene: bytes | None = None
    flash: bytes | None = None
    max_instructions: int = DEFAULT_BUDGET
    modules: bool = False
    tree: Path | None = None


def boot(
    until: str | int | None = None,
    *,
    set: Mapping[str, str] | None = None,
    append: str = "",
    rc: str | os.PathLike[str] | None = None,
    scene: str | os.PathLike[str] | None = None,
    flash: str | os.PathLike[str] | None = None,
    max_instructions: int = DEFAULT_BUDGET,
    modules: bool = False,
) -> KernelMachine:
    """Build the guest, boot it, and give the machine as it stopped; its `stop` says why.

    until: "userspace", "shell", "first_picture", a symbol or an address; None tells the whole story, to power-off.
    set: driver -> y, deferred, m or n. append: words for the kernel command line. rc, scene, flash: files, read before
    the boot and never written; an absent `flash` file stands for an erased one, and what the flash holds afterwards
    is `machine.board.flash.contents()`.

    Raises OSError for files, UsageError for impossible arguments, SourceError, SourceErrors and LinkError for guest
    sources, ImageError for a scene that is no PPM file or an image that cannot be loaded.
    """
    options = BootOptions(
        drivers=set or {},
        append=append,
        rc=None if rc is None else Path(rc).read_bytes(),
        scene=None if scene is None else Path(scene).read_bytes(),
        flash=read_flash(flash),
        max_instructions=max_instructions,
        modules=modules,
    )
    machine = prepare(options)
    if until is None:
        tell_story(machine, options.max_instructions)
    else:
        machine.run(until=until, max_instructions=max_instructions)
    return machine


def read_flash(path: str | os.PathLike[str] | None) -> bytes | None:
    """The contents kept in a file; None, an erased flash, where there is no such file yet. Raises OSError."""
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def load_image(drivers: Mapping[str, str]) -> Image:
    """The built kernel image, from the cache when nothing changed. Raises as boot() does."""
    return Image.from_bytes(build(BuildConfig.load(drivers)).image)


def prepare(options: BootOptions) -> KernelMachine:
    """The machine before its first instruction. Raises as boot() does."""
    return machine_for(options, build(BuildConfig.load(options.drivers, options.tree), meanwhile=_load_machine))


def _load_machine() -> None:
    """For machine_for, a little earlier."""
    import minikernel.kernel.machine  # noqa: F401


def machine_for(options: BootOptions, made: Build) -> KernelMachine:
    """The same for a build that is made already. Raises ImageError, UsageError."""
    from minikernel.kernel.machine import KernelMachine

    config = made.config
    machine = KernelMachine(
        Image.from_bytes(made.image),
        cmdline=f"{config.cmdline} {options.append}".strip(),
        initrd=_initrd(options, made),
        scene=scene_of(options),
        flash=options.flash,
    )
    machine.know_modules(partial(find_module, config))
    return machine


def _initrd(options: BootOptions, made: Build) -> bytes:
    """What is unpacked over the kernel's own files: archives in a row."""
    modules = module_archive(made) if options.modules else b""
    return modules + (b"" if options.rc is None else rc_archive(options.rc))


def scene_of(options: BootOptions) -> bytes:
    """The picture before the sensor: a PPM file."""
    return default_scene() if options.scene is None else options.scene


def rc_archive(script: bytes) -> bytes:
    """An initial RAM disk with this script as /etc/rc; the kernel unpacks it over its own files."""
    from minikernel.toolchain.cpio import CpioEntry, write_cpio

    return write_cpio([CpioEntry.file(RC_PATH, script)])


def nothing_deferred(options: BootOptions) -> BootOptions:
    """The same boot with every deferred driver simply built in."""
    drivers = BuildConfig.load(options.drivers, options.tree).drivers
    eager = {name: "y" for name, setting in drivers.items() if setting is DriverSetting.DEFERRED}
    return replace(options, drivers={**options.drivers, **eager})


def tell_story(machine: KernelMachine, max_instructions: int = DEFAULT_BUDGET) -> StopReason:
    """To the shell; the cable goes in and the picture comes out; the user types poweroff."""
    from minikernel.machine.inputs import ConsoleInput

    stop = run_to_download(machine, max_instructions)
    if not machine.waits_for_line:
        return stop
    machine.inputs.push(ConsoleInput(b"poweroff\n"))
    return machine.run(max_instructions=_left(machine, max_instructions))


def run_to_download(machine: KernelMachine, max_instructions: int = DEFAULT_BUDGET) -> StopReason:
    """To the shell; then the cable goes in, and the desktop gets its time to fetch the picture."""
    from minikernel.machine.inputs import CablePlug

    stop = machine.run(until="shell", max_instructions=_left(machine, max_instructions))
    if stop.kind is not StopKind.BREAKPOINT:
        return stop
    machine.inputs.push(CablePlug(True))
    return machine.run_to_milestone(
        MilestoneName.PICTURE_DOWNLOADED,
        max_instructions=_left(machine, max_instructions),
        until_ns=machine.time_ns + DESKTOP_PATIENCE_NS,
    )


def _left(machine: KernelMachine, max_instructions: int) -> int:
    """What is left of the boot's budget."""
    return max(0, max_instructions - machine.icount)
