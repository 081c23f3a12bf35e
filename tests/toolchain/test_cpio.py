"""The archive is what cpio(1) reads, and its length fields lead from entry to entry."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from judges import require

from minikernel.toolchain.cpio import CpioEntry, write_cpio

END = "TRAILER!!!"
NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20).filter(END.__ne__)


def test_cpio_lists_and_unpacks_it(tmp_path: Path) -> None:
    require("cpio")
    entries = [
        CpioEntry.directory("etc"),
        CpioEntry.file("etc/rc", b"snap\n"),
        CpioEntry.file("init", bytes(5), 0o755),
    ]
    listed = subprocess.run(["cpio", "-tv", "--quiet"], input=write_cpio(entries), capture_output=True, check=True)
    rows = [line.split() for line in listed.stdout.decode().splitlines()]
    assert [(row[0], row[-1]) for row in rows] == [
        ("drwxr-xr-x", "etc"),
        ("-rw-r--r--", "etc/rc"),
        ("-rwxr-xr-x", "init"),
    ]
    subprocess.run(["cpio", "-id", "--quiet"], input=write_cpio(entries), cwd=tmp_path, check=True)
    assert (tmp_path / "etc/rc").read_bytes() == b"snap\n" and (tmp_path / "init").read_bytes() == bytes(5)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=5))
def test_every_entry_is_found_by_its_length_fields(files: list[tuple[str, bytes]]) -> None:
    archive = write_cpio(CpioEntry.file(name, data) for name, data in files)
    found, at = [], 0
    while True:
        assert archive[at : at + 6] == b"070701"
        size, name_size = (int(archive[at + 6 + 8 * field : at + 14 + 8 * field], 16) for field in (6, 11))
        name = archive[at + 110 : at + 110 + name_size - 1].decode()
        data_at = (at + 110 + name_size + 3) & ~3
        if name == END:
            break
        found.append((name, archive[data_at : data_at + size]))
        at = (data_at + size + 3) & ~3
    assert found == files and len(archive) % 512 == 0
