"""What one submission has for its lab: the few files the lab asks for, as bytes, and words about everything else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from minikernel.labs.grader.bounds import MAX_NAMED, MAX_WRAPPERS
from minikernel.labs.grader.submissions import Submission, list_some
from minikernel.labs.grader.trees import Absent, Tree, Unusable, open_tree, shown

README = "README.md"
_LAB_LINE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<!--\s*minikernel lab (\S{1,100})\s*-->")

WHAT_TO_HAND_IN = "hand in the whole folder that `minikernel lab start` made"

#: What desktops put into zips and folders; never looked into, never a reason not to enter a single folder.
_LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class HandIn:
    """`files`: path -> bytes of what the lab asks for and the submission has, in the lab's order.

    problems: what could not be taken, and what its student can do. ignored: names of everything else.
    """

    files: tuple[tuple[str, bytes], ...] = ()
    problems: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


class Opened:
    """A submission that can be read, at the folder where its files begin."""

    def __init__(self, submission: Submission) -> None:
        """Raises Unusable."""
        self._tree = open_tree(submission)
        self._top = _inside_wrappers(self._tree)

    def lab_name(self) -> str:
        """The lab that the README's first line names. Raises Unusable when it names none."""
        try:
            first = self._tree.read(self._path(README))
        except (Absent, Unusable):
            if not any(self._tree.entries(self._top)):
                raise Unusable(f"the submission is empty: {WHAT_TO_HAND_IN}") from None
            raise Unusable(f"no {README}, whose first line says what lab this is: {WHAT_TO_HAND_IN}") from None
        match = _LAB_LINE.match(first[:300])
        if match is None:
            raise Unusable(f"{README}: its first line does not say what lab this is, as `<!-- minikernel lab NAME -->`")
        return match[1].decode("utf-8", "backslashreplace")

    def take(self, wanted: Iterable[str]) -> HandIn:
        """The files of these names."""
        wanted = tuple(wanted)
        self._top = _inside_wrappers(self._tree, {PurePosixPath(path).parts[0] for path in wanted})
        files: list[tuple[str, bytes]] = []
        problems: list[str] = []
        for path in _places(wanted):
            try:
                files.append((path, self._tree.read(self._path(path))))
            except Absent:
                continue
            except Unusable as unusable:
                problems.append(str(unusable))
        return HandIn(tuple(files), tuple(problems), self._others(wanted, {path for path, _ in files}))

    def _others(self, wanted: tuple[str, ...], taken: set[str]) -> tuple[str, ...]:
        """Names that nobody asked for. Only folders on the way to a wanted file are looked into."""
        asked = {README, *wanted, *taken}
        on_the_way = {str(parent) for path in wanted for parent in PurePosixPath(path).parents[:-1]}
        others: list[str] = []
        for folder in ("", *sorted(on_the_way)):
            for entry in self._tree.entries(self._path(folder)):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path not in asked and path not in on_the_way:
                    others.append(shown(path, entry.is_folder))
        return list_some(others, len(others), MAX_NAMED)

    def _path(self, path: str) -> str:
        return f"{self._top}/{path}" if self._top and path else self._top or path


def _places(wanted: tuple[str, ...]) -> Iterable[str]:
    """Where the lab's files may be: at their paths, or by their bare names beside the README. The lab's own reading
    of a submission says what that is worth."""
    return dict.fromkeys((*wanted, *(PurePosixPath(path).name for path in wanted)))


def _inside_wrappers(tree: Tree, lab_folders: Collection[str] = ()) -> str:
    """The folder to begin at: one that holds nothing but a single folder, not one of the lab's, is entered."""
    top = ""
    for _ in range(MAX_WRAPPERS):
        only = _only_folder(tree, top)
        if only is None or only in lab_folders:
            break
        top = f"{top}/{only}" if top else only
    return top


def _only_folder(tree: Tree, folder: str) -> str | None:
    seen: str | None = None
    for entry in tree.entries(folder):
        if entry.name in _LITTER or entry.name.startswith("."):
            continue
        if seen is not None or not entry.is_folder:
            return None
        seen = entry.name
    return seen
