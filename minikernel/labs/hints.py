"""Hints come in steps: how many of each check's a reader has been given, kept in one small file."""

from __future__ import annotations

import json
from pathlib import Path

from minikernel.labs.lab import CheckSpec, Lab

FILE = "hints.json"


class HintsGiven:
    """Below the folder where the user's progress is kept. What cannot be read counts as none, what cannot be written
    is forgotten."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._given = _read(self._path)

    def given(self, lab: Lab, check: CheckSpec) -> int:
        """How many of the check's hints have been given."""
        return min(self._given.get(f"{lab.slug}/{check.name}", 0), len(check.hints))

    def give(self, lab: Lab, check: CheckSpec) -> int:
        """One more, up to the last; how many have been given now."""
        count = min(self.given(lab, check) + 1, len(check.hints))
        self._given[f"{lab.slug}/{check.name}"] = count
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._given, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        except OSError:
            return count
        return count


def _read(path: Path) -> dict[str, int]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(key): count for key, count in content.items() if isinstance(count, int) and count > 0}
