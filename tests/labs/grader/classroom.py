"""Generates a classroom's submissions of one lab: starts, solutions, wrong ones, cheats, and one in ten hostile.

Everything follows from the number of students. Each student's file has a comment of its own, so that no two
submissions are the same bytes and none is graded for another.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from minikernel.labs.lab import Lab
from minikernel.labs.trees import Tree, variant_files

#: Every tenth student.
_HOSTILE_EVERY = 10

_NAMES = ("anna", "Björn Åkesson", "-rf", "照相机", "with blanks ", "O'Neil; rm -rf $HOME", "très long " * 10, "alice")


def make_classroom(folder: Path, lab: Lab, students: int) -> dict[str, str]:
    """Writes the submissions; gives name -> what kind of submission it is."""
    variants = [(variant.title, variant_files(lab, variant)) for variant in lab.variants]
    kinds: dict[str, str] = {}
    for number in range(students):
        name = f"{_NAMES[number % len(_NAMES)]}{number:03}"
        hostile, solution = divmod(number, _HOSTILE_EVERY)
        if solution == _HOSTILE_EVERY - 1:
            kind, make = HOSTILE[hostile % len(HOSTILE)]
            make(folder / name, lab, variants[1][1])
        else:
            kind, files = variants[number % len(variants)]
            _pack(folder / name, lab, _signed(files, name), number)
        kinds[name] = kind
    return kinds


def _signed(files: Tree, name: str) -> Tree:
    """The files with the student's name in a comment at the end, where it moves no line."""
    return {path: data + f"@ {name}\n".encode() if path.endswith(".s") else data for path, data in files.items()}


def _pack(path: Path, lab: Lab, files: Tree, number: int) -> None:
    """A folder, a zip, or a zip with a folder inside."""
    files = {"README.md": lab.readme.encode(), **files}
    if number % 3 == 0:
        write(path, files)
        return
    wrapper = "my lab/" if number % 3 == 1 else ""
    with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(wrapper + name, data)


def write(folder: Path, files: Tree) -> None:
    """The files below a new folder."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


# --- hostile ones -----------------------------------------------------------------------------------------------------

Make = Callable[[Path, Lab, Tree], None]


def _source(text: str) -> Make:
    """The solution with this at the end of its first source."""

    def make(folder: Path, lab: Lab, files: Tree) -> None:
        first = lab.files[0]
        write(folder, {"README.md": lab.readme.encode(), **files, first: files[first] + text.encode()})

    return make


def _bytes(data: bytes) -> Make:
    """These bytes in place of its first source."""

    def make(folder: Path, lab: Lab, files: Tree) -> None:
        write(folder, {"README.md": lab.readme.encode(), **files, lab.files[0]: data})

    return make


def _in_place_of_the_file(put: Callable[[Path], None]) -> Make:
    def make(folder: Path, lab: Lab, files: Tree) -> None:
        write(folder, {"README.md": lab.readme.encode(), **files})
        (folder / lab.files[0]).unlink()
        put(folder / lab.files[0])

    return make


def _empty(folder: Path, lab: Lab, files: Tree) -> None:
    folder.mkdir()


def _no_zip(folder: Path, lab: Lab, files: Tree) -> None:
    Path(f"{folder}.zip").write_bytes(b"Rar!\x1a\x07\0")


def _bomb(folder: Path, lab: Lab, files: Tree) -> None:
    with zipfile.ZipFile(f"{folder}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.md", lab.readme)
        archive.writestr(lab.files[0], bytes(20_000_000))


def _missing(folder: Path, lab: Lab, files: Tree) -> None:
    write(folder, {"README.md": lab.readme.encode(), "notes.txt": b""})


def _link_in_a_zip(folder: Path, lab: Lab, files: Tree) -> None:
    link = zipfile.ZipInfo(lab.files[0])
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(f"{folder}.zip", "w") as archive:
        archive.writestr("README.md", lab.readme)
        archive.writestr(link, "/etc/passwd")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


HOSTILE: tuple[tuple[str, Make], ...] = (
    ("hostile: .rept", _source("        .rept 1000000000\n        .word 0\n        .endr\n")),
    ("hostile: empty folder", _empty),
    ("hostile: .space", _source("        .space 0xffffffff\n")),
    ("hostile: a fifo", _in_place_of_the_file(os.mkfifo)),
    ("hostile: macro recursion", _source(".macro again\n        again\n        again\n.endm\n        again\n")),
    ("hostile: sparse file", _in_place_of_the_file(_sparse)),
    ("hostile: binary", _bytes(b"\x7fELF" + bytes(range(256)) * 40)),
    ("hostile: no zip", _no_zip),
    ("hostile: long line", _bytes(b"@" + b"x" * 10_000_000)),
    ("hostile: bomb", _bomb),
    ("hostile: link", _in_place_of_the_file(lambda path: path.symlink_to("/etc/passwd"))),
    ("hostile: missing file", _missing),
    ("hostile: .include", _source('        .include "/etc/passwd"\n')),
    ("hostile: link in a zip", _link_in_a_zip),
    ("hostile: nested expression", _source("        .word " + "(" * 50_000 + "1" + ")" * 50_000 + "\n")),
    ("hostile: wrong encoding", _bytes("@ Grüße\n".encode("utf-16"))),
    ("hostile: nested .rept", _source("        .rept 100000\n" * 40 + "        nop\n" + "        .endr\n" * 40)),
    ("hostile: long macro", _source(".macro m\n" + "        nop\n" * 20_000 + ".endm\n" + "        m\n" * 500)),
    ("hostile: incbin", _source('        .incbin "/etc/passwd"\n')),
    ("hostile: org", _source("        .org 0x7fffffff\n")),
)


def expected_kinds(kinds: Mapping[str, str]) -> dict[str, int]:
    """How many of each kind there are."""
    found: dict[str, int] = {}
    for kind in kinds.values():
        found[kind] = found.get(kind, 0) + 1
    return found
