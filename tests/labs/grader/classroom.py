"""Generates a classroom's submissions of one lab: starts, solutions, wrong ones, cheats, and one in ten hostile.

Everything follows from the number of students. Each student's file has a comment of its own, so that no two
submissions are the same bytes and none is graded for another.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from minikernel.labs.lab import Lab, VariantKind
from minikernel.labs.trees import Tree, variant_files

#: Every tenth student.
_HOSTILE_EVERY = 10

_NAMES = ("anna", "Björn Åkesson", "-rf", "照相机", "with blanks ", "O'Neil; rm -rf $HOME", "très long " * 10, "alice")


def make_classroom(folder: Path, lab: Lab, students: int) -> dict[str, str]:
    """Writes the submissions; gives name -> what kind of submission it is."""
    variants = [(variant.title, variant_files(lab, variant)) for variant in lab.variants]
    solution = next(files for title, files in variants if title == VariantKind.SOLUTION.value)
    kinds: dict[str, str] = {}
    for number in range(students):
        name = f"{_NAMES[number % len(_NAMES)]}{number:03}"
        hostile, remainder = divmod(number, _HOSTILE_EVERY)
        if remainder == _HOSTILE_EVERY - 1:
            kind, make, _ = HOSTILE[hostile % len(HOSTILE)]
            make(folder / name, lab, solution)
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


def first_source(lab: Lab) -> str:
    """The file that is made hostile."""
    return next(path for path in lab.files if path.endswith(".s"))


# --- hostile ones -----------------------------------------------------------------------------------------------------

Make = Callable[[Path, Lab, Tree], None]


def _source(text: str) -> Make:
    """The solution with this at the end of its first source, in .text."""

    def make(folder: Path, lab: Lab, files: Tree) -> None:
        first = first_source(lab)
        write(
            folder, {"README.md": lab.readme.encode(), **files, first: files[first] + f"        .text\n{text}".encode()}
        )

    return make


def _bytes(data: bytes) -> Make:
    """These bytes in place of its first source."""

    def make(folder: Path, lab: Lab, files: Tree) -> None:
        write(folder, {"README.md": lab.readme.encode(), **files, first_source(lab): data})

    return make


def _in_place_of_the_file(put: Callable[[Path], None]) -> Make:
    def make(folder: Path, lab: Lab, files: Tree) -> None:
        write(folder, {"README.md": lab.readme.encode(), **files})
        (folder / first_source(lab)).unlink()
        put(folder / first_source(lab))

    return make


def _empty(folder: Path, lab: Lab, files: Tree) -> None:
    folder.mkdir()


def _no_zip(folder: Path, lab: Lab, files: Tree) -> None:
    Path(f"{folder}.zip").write_bytes(b"Rar!\x1a\x07\0")


def _bomb(folder: Path, lab: Lab, files: Tree) -> None:
    with zipfile.ZipFile(f"{folder}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.md", lab.readme)
        archive.writestr(first_source(lab), bytes(20_000_000))


def _missing(folder: Path, lab: Lab, files: Tree) -> None:
    write(folder, {"README.md": lab.readme.encode(), "notes.txt": b""})


def _link_in_a_zip(folder: Path, lab: Lab, files: Tree) -> None:
    link = zipfile.ZipInfo(first_source(lab))
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(f"{folder}.zip", "w") as archive:
        archive.writestr("README.md", lab.readme)
        archive.writestr(link, "/etc/passwd")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


#: What kind it is, how it is made, and words of what its student is told.
HOSTILE: tuple[tuple[str, Make, str], ...] = (
    (
        "hostile: .rept",
        _source("        .rept 1000000000\n        .word 0\n        .endr\n"),
        "error: 1000000000 times 1 lines is more than 200000 statements",
    ),
    ("hostile: empty folder", _empty, "the submission is empty: hand in the whole folder"),
    ("hostile: .space", _source("        .space 0xffffffff\n"), "would grow to 0x1"),
    ("hostile: a fifo", _in_place_of_the_file(os.mkfifo), "is a named pipe, not a file"),
    (
        "hostile: macro recursion",
        _source(".macro again\n        again\n        again\n.endm\n        again\n"),
        "error: nested deeper than 100: does a macro or a file call itself?",
    ),
    ("hostile: sparse file", _in_place_of_the_file(_sparse), "has 1,073,741,824 bytes; a source of a lab has at most"),
    (
        "hostile: binary",
        _bytes(b"\x7fELF" + bytes(range(256)) * 40),
        "the file is binary; expected the text of a source",
    ),
    ("hostile: no zip", _no_zip, "is no zip that can be read"),
    ("hostile: long line", _bytes(b"@" + b"x" * 10_000_000), "has 10,000,001 bytes; a source of a lab has at most"),
    ("hostile: bomb", _bomb, "has 20,000,000 bytes; a source of a lab has at most"),
    (
        "hostile: link",
        _in_place_of_the_file(lambda path: path.symlink_to("/etc/passwd")),
        "is a symbolic link, not a file",
    ),
    ("hostile: missing file", _missing, "none of the lab's files is there"),
    (
        "hostile: .include",
        _source('        .include "/etc/passwd"\n'),
        "`/etc/passwd` is an absolute path; .include reads",
    ),
    ("hostile: link in a zip", _link_in_a_zip, "is a symbolic link in the zip, not a file"),
    (
        "hostile: nested expression",
        _source("        .word " + "(" * 50_000 + "1" + ")" * 50_000 + "\n"),
        "error: the line is longer than 65536 characters",
    ),
    ("hostile: wrong encoding", _bytes("@ Grüße\n".encode("utf-16")), "the file is UTF-16 text; save it as UTF-8"),
    (
        "hostile: nested .rept",
        _source("        .rept 100000\n" * 40 + "        nop\n" + "        .endr\n" * 40),
        "error: 100000 times 79 lines is more than 200000 statements",
    ),
    (
        "hostile: long macro",
        _source(".macro m\n" + "        nop\n" * 20_000 + ".endm\n" + "        m\n" * 500),
        "error: more than 200000 statements: a macro or .rept repeats without end",
    ),
    ("hostile: .incbin", _source('        .incbin "/etc/passwd"\n'), "it would read a file of the host"),
    ("hostile: .org", _source("        .org 0x7fffffff\n"), "the limit is 0x1000000"),
)


def hostile_variants(folder: Path, lab: Lab) -> dict[str, str]:
    """One submission of each hostile kind; gives name -> words of what its student is told."""
    solution = next(variant for variant in lab.variants if variant.kind is VariantKind.SOLUTION)
    expected = {}
    for kind, make, message in HOSTILE:
        name = kind.removeprefix("hostile: ").replace(".", "dot ")
        make(folder / name, lab, variant_files(lab, solution))
        expected[name] = message
    return expected
