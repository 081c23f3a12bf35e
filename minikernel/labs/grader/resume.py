"""Results kept by content: a run that was killed goes on where it was, and ends with the same bytes.

The key is a hash of everything a result depends on: this package's sources, the guest tree, the lab's folder, and the
student's files. Names are not in it: two students with the same files have the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from minikernel.errors import ImageError
from minikernel.labs.grader.task import Rules, Task
from minikernel.labs.lab import Lab
from minikernel.labs.report import LabReport
from minikernel.toolchain.build_cache import content_key, file_parts, write_file
from minikernel.toolchain.guest_tree import guest_tree

_PACKAGE = Path(__file__).resolve().parents[2]


def key_of(task: Task) -> str:
    """The name of this task's result among the kept ones."""
    rules = task.rules
    anywhere = replace(rules, where="")
    return content_key([*_sources(_folder_of(rules)), repr(anywhere).encode(), *_file_parts(task)])


def _folder_of(rules: Rules) -> str:
    return str(Lab.find(rules.where).folder)


def _file_parts(task: Task) -> Iterator[bytes]:
    for path, data in task.files:
        yield path.encode()
        yield data


@cache
def _sources(lab_folder: str) -> tuple[bytes, ...]:
    """One hash for each tree that grading is made of."""
    python = sorted(path for path in _PACKAGE.rglob("*.py") if "_guest" not in path.parts)
    folder = Path(lab_folder)
    return tuple(
        content_key(file_parts(paths, base)).encode()
        for paths, base in ((python, _PACKAGE), (_files(guest_tree()), guest_tree()), (_files(folder), folder))
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


class KeptResults:
    """The reports in one folder, one file each."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder; raises OSError."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, key: str) -> LabReport | None:
        """The report kept under this key; None as well when the file is damaged."""
        try:
            return LabReport.from_json(self._path(key).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ImageError):
            return None

    def store(self, key: str, report: LabReport) -> None:
        """Appears whole or not at all. Raises OSError."""
        write_file(self._path(key), report.to_json().encode("utf-8"))

    def keep_only(self, keys: Iterable[str]) -> None:
        """Removes every other result, and what a killed run left half-written. Raises OSError."""
        kept = {self._path(key).name for key in keys}
        for path in self._folder.iterdir():
            if path.name not in kept and (path.suffix == ".json" or path.name.startswith(".")):
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
