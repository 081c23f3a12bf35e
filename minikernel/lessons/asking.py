"""What a chapter's questions and steps may look at: images and boots, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping

from minikernel.elf.image import Image
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, load_image, prepare, tell_story

#: Instructions one boot of a question may take.
BUDGET = 200_000_000

POWER_OFF = "power_off"


class Lesson:
    """Boots lazily and keeps what it booted. Those who ask only look: a machine is shared by all questions."""

    def __init__(self) -> None:
        self._machines: dict[object, KernelMachine] = {}

    @property
    def image(self) -> Image:
        """The kernel as guest/config.toml has it."""
        return self.image_with()

    def image_with(self, **drivers: str) -> Image:
        """The kernel with drivers set: `image_with(ehci_hcd="y")`."""
        return load_image(drivers)

    @property
    def machine(self) -> KernelMachine:
        """A boot up to the shell's prompt."""
        return self.boot()

    @property
    def story(self) -> KernelMachine:
        """A boot with the cable, the download and power-off, as `minikernel boot` tells it."""
        return self.boot(until=POWER_OFF)

    def boot(
        self,
        until: str = "shell",
        *,
        set: Mapping[str, str] | None = None,
        append: str = "",
        modules: bool = False,
        shell: tuple[str, ...] = (),
    ) -> KernelMachine:
        """A boot with options of `minikernel boot`, to "shell", "userspace", "first_picture", a symbol or POWER_OFF,
        and lines typed at the shell then. Raises as minikernel.boot() does."""
        key = (until, tuple(sorted((set or {}).items())), append, modules, shell)
        if key not in self._machines:
            self._machines[key] = self._boot(until, BootOptions(set or {}, append, modules=modules), shell)
        return self._machines[key]

    def _boot(self, until: str, options: BootOptions, shell: tuple[str, ...]) -> KernelMachine:
        machine = prepare(options)
        if until == POWER_OFF:
            tell_story(machine, BUDGET)
        else:
            machine.run(until=until, max_instructions=BUDGET)
        for line in shell:
            machine.shell(line, BUDGET)
        return machine
