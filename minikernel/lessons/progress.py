"""How far a reader has come: one JSON file, `tutorial.json` in the state folder.

{"01-first-boot": {"step": "read-a-table", "answered": [1, 3]}}
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from minikernel.errors import UsageError

FILE = "tutorial.json"


@dataclass(frozen=True)
class ChapterProgress:
    """`step`: the name of the next step, "" at the beginning; `is_done`: all steps are behind the reader."""

    step: str = ""
    is_done: bool = False
    answered: tuple[int, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Of all chapters, by their names. Every change is written at once."""

    folder: Path
    chapters: dict[str, ChapterProgress] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Progress:
        """What the folder has; nothing yet where it has none. Raises UsageError for a file that is not ours."""
        path = folder / FILE
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            chapters = {str(name): _chapter(values) for name, values in kept.items()}
        except FileNotFoundError:
            chapters = {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise UsageError(f"cannot read the progress in {path} ({error}); delete it to begin anew") from None
        return cls(folder, chapters)

    def of(self, chapter: str) -> ChapterProgress:
        """How far one chapter is."""
        return self.chapters.get(chapter, ChapterProgress())

    def at_step(self, chapter: str, step: str) -> None:
        """The reader is at a step."""
        self._keep(chapter, replace(self.of(chapter), step=step))

    def done(self, chapter: str) -> None:
        """All steps are done; the next time begins at the first."""
        self._keep(chapter, replace(self.of(chapter), step="", is_done=True))

    def answered(self, chapter: str, number: int) -> None:
        """A question was answered right."""
        known = self.of(chapter)
        self._keep(chapter, replace(known, answered=tuple(sorted({*known.answered, number}))))

    def _keep(self, chapter: str, progress: ChapterProgress) -> None:
        self.chapters[chapter] = progress
        kept = {
            name: {"step": each.step, "done": each.is_done, "answered": list(each.answered)}
            for name, each in sorted(self.chapters.items())
        }
        path = self.folder / FILE
        temporary = path.with_name(f".{FILE}.{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            raise UsageError(f"cannot keep the progress in {path}: {error.strerror}; MINIKERNEL_STATE names another "
                             "folder") from None  # fmt: skip


def _chapter(values: dict[str, object]) -> ChapterProgress:
    answered = values.get("answered", [])
    if not isinstance(answered, list):
        raise TypeError("answered is no list")
    return ChapterProgress(str(values.get("step", "")), bool(values.get("done")), tuple(map(int, answered)))
