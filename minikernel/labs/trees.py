"""Source trees of a lab: the living guest tree, its start, its solution, and either with a student's files in it.

A Tree is path -> bytes, held in memory: the only copies on disk are temporary folders that the build reads.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from minikernel.errors import Location, SourceError
from minikernel.labs.lab import Lab, Variant, VariantKind
from minikernel.labs.patches import Patch
from minikernel.toolchain.guest_tree import guest_tree

Tree: TypeAlias = Mapping[str, bytes]

_SUFFIXES = {".s", ".inc", ".lds", ".toml"}


@lru_cache(maxsize=1)
def living_tree() -> Tree:
    """The guest's sources as they are: what a build reads, and the initial file system."""
    root = guest_tree()
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    files = {path.relative_to(root).as_posix(): path for path in paths}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if path.suffix in _SUFFIXES or name.startswith("initramfs/")
    }


@lru_cache(maxsize=64)
def _start_and_solution(lab_folder: Path, slug: str, files: tuple[str, ...]) -> tuple[Tree, Tree]:
    start = _patched(living_tree(), lab_folder, "start.patch", slug)
    solution = _patched(living_tree(), lab_folder, "solution.patch", slug)
    for path in sorted({*start, *solution}):
        if path not in files and start.get(path) != solution.get(path):
            message = f"start.patch and solution.patch leave {path} different, but it is not among `files` of lab.toml"
            raise SourceError(message, Location(f"{slug}/start.patch", 1))
    for path in files:
        if path not in solution:
            raise SourceError(
                f"`files` has {path!r}, which the solution does not have", Location(f"{slug}/lab.toml", 1)
            )
    return start, solution


def start_tree(lab: Lab) -> Tree:
    """What the student begins with. Raises SourceError for a patch that does not fit."""
    return _start_and_solution(lab.folder, lab.slug, lab.files)[0]


def solution_tree(lab: Lab) -> Tree:
    """What scores everything. Raises SourceError for a patch that does not fit."""
    return _start_and_solution(lab.folder, lab.slug, lab.files)[1]


def with_files(lab: Lab, files: Tree) -> Tree:
    """The lab's tree with these files of the student. Only paths of `lab.files` are taken; a missing one is missing."""
    others = {path: data for path, data in solution_tree(lab).items() if path not in lab.files}
    return {**others, **{path: data for path, data in files.items() if path in lab.files}}


def variant_files(lab: Lab, variant: Variant) -> Tree:
    """What a student of this kind would hand in: the lab's files, and its answers.

    Raises SourceError for a patch that does not fit, or that changes what the student may not.
    """
    over = variant.kind if variant.kind in (VariantKind.START, VariantKind.SOLUTION) else variant.over
    tree = start_tree(lab) if over is VariantKind.START else solution_tree(lab)
    allowed = (*lab.files, *lab.answers)
    files = {**{path: tree[path] for path in lab.files if path in tree}, **_answers(lab, over)}
    if over is variant.kind:
        return files
    before = {**tree, **files}
    patched = _patched(before, lab.folder, variant.patch_name, lab.slug)
    for path in sorted({*patched, *before}):
        if patched.get(path) != before.get(path) and path not in allowed:
            message = f"changes {path}, which the student does not hand in; `files` of lab.toml: {', '.join(allowed)}"
            raise SourceError(message, Location(f"{lab.slug}/{variant.patch_name}", 1))
    return {path: patched[path] for path in allowed if path in patched}


def _answers(lab: Lab, over: VariantKind) -> Tree:
    """The lab's own files `start/NAME` or `solution/NAME` for each answer, where there are such."""
    paths = {name: lab.folder / over.value / name for name in lab.answers}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def _patched(tree: Tree, folder: Path, name: str, slug: str) -> Tree:
    """The tree after a patch of the lab; a patch that is absent or empty changes nothing."""
    path = folder / name
    if not path.is_file():
        return tree
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"no UTF-8 text: byte {error.start}", Location(f"{slug}/{name}", 1)) from None
    changed = Patch.read(text, f"{slug}/{name}").apply(tree)
    return {path: data for path, data in {**tree, **changed}.items() if data is not None}


@contextmanager
def on_disk(tree: Tree) -> Iterator[Path]:
    """A temporary folder with these files and nothing else."""
    with tempfile.TemporaryDirectory(prefix="minikernel-lab-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        for folder in {str(Path(path).parent) for path in tree}:
            (root / folder).mkdir(parents=True, exist_ok=True)
        for path, data in tree.items():
            (root / path).write_bytes(data)
        yield root
