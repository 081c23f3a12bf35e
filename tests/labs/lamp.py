"""The lab of these tests: a tiny lamp, with a cheat of every kind (fixtures/01-tiny-lamp)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from minikernel.labs.lab import Lab, Variant
from minikernel.labs.trees import variant_files

FOLDER = Path(__file__).parent / "fixtures" / "01-tiny-lamp"


@cache
def lamp_lab() -> Lab:
    return Lab.read(FOLDER)


def variant(title: str) -> Variant:
    return next(each for each in lamp_lab().variants if each.title == title)


def files_of(title: str) -> dict[str, bytes]:
    """What a student of that kind hands in."""
    return dict(variant_files(lamp_lab(), variant(title)))


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
