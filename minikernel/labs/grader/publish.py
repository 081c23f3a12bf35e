"""Writes the grades below the output folder, and removes what an earlier run wrote there and this one did not.

`.written` lists the files of ours; nothing else in the folder is ever touched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from minikernel.toolchain.build_cache import write_file

WRITTEN = ".written"


def publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each file appears whole or not at all. Raises OSError."""
    old = _listed(folder)
    _list(folder, old | files.keys())
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    for name in old - files.keys():
        (folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: something of somebody else's
            (folder / name).parent.rmdir()
    _list(folder, files.keys())


def _list(folder: Path, names: Iterable[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / WRITTEN, "".join(f"{name}\n" for name in sorted(names)).encode())


def _listed(folder: Path) -> set[str]:
    """What the last run wrote; a name that leads elsewhere is none of ours."""
    try:
        names = (folder / WRITTEN).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    return {name for name in names if name and not PurePosixPath(name).is_absolute() and ".." not in name}
