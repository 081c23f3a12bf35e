"""Names of submissions come from students: here they become text to print and file names that can be made."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60
#: What Windows keeps for devices, with any extension.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def printable(name: str) -> str:
    """The name with every character that is no visible text written as an escape (`\\x1b`, `\\udcff`)."""
    return "".join(char if char.isprintable() else _escaped(char) for char in name)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def file_names(names: Iterable[str]) -> Mapping[str, str]:
    """Each name with a file name for it (without extension): ASCII, at most 80 characters, no two the same.

    A name that is safe stays as it is. Any other, and any that differs from another only in case, gets eight digits of
    its own hash at the end, so that it does not depend on who else handed in.
    """
    names = list(names)
    spelled = Counter(_slug(name).casefold() for name in names)
    return {name: _slug(name) if _is_plain(name, spelled) else _hashed(name) for name in names}


def _is_plain(name: str, spelled: Counter[str]) -> bool:
    return _slug(name) == name and spelled[name.casefold()] == 1 and _RESERVED.fullmatch(name) is None


def _slug(name: str) -> str:
    return _UNSAFE.sub("_", name)[:_LONGEST].strip("._-") or "submission"


def _hashed(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_slug(name)}-{digest[:8]}"
