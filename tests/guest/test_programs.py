"""Each program of tests/guest/programs, on our machine, does what its head promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_program import PROGRAMS, GuestProgram

from minikernel.elf.image import Image
from minikernel.machine.machine import Machine

BUDGET = 60_000_000  # instructions; the longest takes a tenth


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: path.stem)
def test_program_does_what_its_head_promises(source: Path, tmp_path: Path) -> None:
    program = GuestProgram.read(source)
    image = program.build(tmp_path)
    machine = Machine(Image.from_bytes(image, "vmlinux"), cmdline=program.cmdline)
    output = bytearray()
    machine.on_console.append(output.extend)
    stop = machine.run(max_instructions=BUDGET)
    console = output.decode()
    assert program.complaints(console, image) == [], console
    assert stop.kind.value == program.stop, f"{stop}\n{console}"
