"""Guest programs that carry their expectations: tests/guest/programs/*.s, built into a kernel of their own.

A program is one more driver of the kernel, or (`@ place: user`) the whole user program. Comment lines at its head say
what is to happen:

    @ cmdline: TEXT    added to the command line
    @ rc: LINE         a line of /etc/rc, in order; without any, rc is empty
    @ expect: TEXT     stands in the console's output, each below or behind the one before; {symbol} is its address,
                       {init_pages}, {init_kib} and {init_bytes} the size of init memory
    @ refuse: TEXT     stands nowhere in the output
    @ stop: WORD       how the run ends: power-off or halted
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from minikernel.elf.image import Image
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.guest_tree import guest_tree

PROGRAMS = sorted((Path(__file__).parent / "guest" / "programs").glob("*.s"), key=lambda path: path.name)
COMMAND_LINE = "console=ttyAMA0 initcall_debug"
_DIRECTIVE = re.compile(r"@ (place|cmdline|rc|expect|refuse|stop): ?(.*)")
_PLACES = ("driver", "user")
_STOPS = ("power-off", "halted")


@dataclass(frozen=True)
class GuestProgram:
    """One program and what it promises; `stop` is a StopKind's value."""

    source: Path
    place: str
    cmdline: str
    rc: tuple[str, ...]
    expect: tuple[str, ...]
    refuse: tuple[str, ...]
    stop: str

    @classmethod
    def read(cls, source: Path) -> GuestProgram:
        """The program in `source`; its head must say how it stops."""
        said: dict[str, list[str]] = {}
        for line in source.read_text().splitlines():
            if not line.startswith("@"):
                break
            if found := _DIRECTIVE.match(line):
                said.setdefault(found[1], []).append(found[2])
        place = said.get("place", ["driver"])[-1]
        (stop,) = said["stop"]
        assert place in _PLACES and stop in _STOPS, source.name
        words = ("rc", "expect", "refuse")
        rc, expect, refuse = (tuple(said.get(word, ())) for word in words)
        return cls(source, place, " ".join([COMMAND_LINE, *said.get("cmdline", [])]), rc, expect, refuse, stop)

    def build(self, directory: Path) -> bytes:
        """vmlinux of the guest tree with this program in it, and its command line as the built-in one."""
        tree = directory / "guest"
        shutil.copytree(guest_tree(), tree)
        (tree / "initramfs" / "etc" / "rc").write_text("".join(f"{line}\n" for line in self.rc))
        config = tree / "config.toml"
        text = re.sub(r'(?m)^cmdline = ".*?"', lambda _: f'cmdline = "{self.cmdline}"', config.read_text())
        if self.place == "user":
            for path in (tree / "user").glob("*.s"):
                path.unlink()
            shutil.copy(self.source, tree / "user" / "crt0.s")
        else:
            name = f"test_{self.source.stem}"
            shutil.copy(self.source, tree / "drivers" / f"{name}.s")
            text = re.sub(r"(?ms)(^\[drivers\]$.*?)(?=^\[|\Z)", rf'\1{name} = "y"\n', text)
        config.write_text(text)
        return build(BuildConfig.load(tree=tree)).image

    def complaints(self, console: str, image: bytes) -> list[str]:
        """What the output lacks, or has and must not have; empty when all is as promised."""
        values = _placeholders(Image.from_bytes(image, "vmlinux"))
        missing = _first_missing(console, [_filled(text, values) for text in self.expect])
        refused = [f"must not be there: {text}" for text in self.refuse if _filled(text, values) in console]
        return ([] if missing is None else [f"not there, or not in order: {missing}"]) + refused


def _placeholders(image: Image) -> dict[str, str]:
    size = image.address("__init_end") - image.address("__init_begin")
    values = {"init_pages": str(size // 4096), "init_kib": str(size // 1024), "init_bytes": str(size)}
    return {symbol.name: f"{symbol.value:08x}" for symbol in image.symbols} | values


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], text)


def _first_missing(console: str, texts: Sequence[str]) -> str | None:
    at = 0
    for text in texts:
        found = console.find(text, at)
        if found < 0:
            return text
        at = found + len(text)
    return None
