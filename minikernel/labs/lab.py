"""A lab as its folder describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lab:
    """One lab: `folder` is where it lies, `slug` its name (`03-use-after-init-free`)."""

    folder: Path
    slug: str

    @classmethod
    def find(cls, name: str) -> Lab:
        """A lab by its number, its slug or the path of its folder.

        Raises UsageError naming near labs, SourceError for a lab.toml that is wrong.
        """
        raise NotImplementedError
