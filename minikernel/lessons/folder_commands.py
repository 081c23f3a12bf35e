"""The few commands besides `minikernel` that chapters use, in the chapter's folder: the same on every system.

Each takes its words and the text that a pipe hands it, and gives what it prints. Only the options shown here exist.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from minikernel.errors import UsageError, near_names

FolderCommand = Callable[[Sequence[str], str], str]


def _read(files: Sequence[str], piped: str) -> str:
    """The files one after the other, or what the pipe brings."""
    try:
        return "".join(Path(name).read_text(encoding="utf-8", errors="replace") for name in files) if files else piped
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}: {error.strerror}") from None


def cat(words: Sequence[str], piped: str) -> str:
    """`cat FILE...`"""
    return _read(words, piped)


def ls(words: Sequence[str], _piped: str) -> str:
    """`ls [FOLDER]`: names in order, folders with a /, one a line; hidden ones are left out."""
    folder = Path(words[0] if words else ".")
    if not folder.is_dir():
        raise UsageError(f"ls: no folder {folder}")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return "".join(f"{path.name}{'/' if path.is_dir() else ''}\n" for path in paths)


def head(words: Sequence[str], piped: str) -> str:
    """`head [-N] [FILE]`"""
    count, files = _count(words)
    return "".join(_read(files, piped).splitlines(keepends=True)[:count])


def tail(words: Sequence[str], piped: str) -> str:
    """`tail [-N] [FILE]`"""
    count, files = _count(words)
    return "".join(_read(files, piped).splitlines(keepends=True)[-count:])


def _count(words: Sequence[str]) -> tuple[int, Sequence[str]]:
    if words and re.fullmatch(r"-\d+", words[0]):
        return int(words[0][1:]), words[1:]
    return 10, words


def grep(words: Sequence[str], piped: str) -> str:
    """`grep [-E] [-c] [-i] [-n] [-v] [-A N] PATTERN [FILE]`, the pattern as Python's re has it."""
    flags, behind, rest = set[str](), 0, list(words)
    while rest and re.fullmatch(r"-[Ecinv]|-A", rest[0]):
        option = rest.pop(0)
        if option == "-A":
            behind = int(rest.pop(0))
        flags.add(option)
    if not rest:
        raise UsageError("grep needs a pattern")
    pattern = re.compile(rest[0], re.IGNORECASE if "-i" in flags else 0)
    lines = _read(rest[1:], piped).splitlines()
    hits = [n for n, line in enumerate(lines) if bool(pattern.search(line)) != ("-v" in flags)]
    if "-c" in flags:
        return f"{len(hits)}\n"
    shown = sorted({n for hit in hits for n in range(hit, min(hit + behind + 1, len(lines)))})
    return "".join((f"{n + 1}:" if "-n" in flags else "") + f"{lines[n]}\n" for n in shown)


def wc(words: Sequence[str], piped: str) -> str:
    """`wc -l [FILE]` or `wc -c [FILE]`: lines or bytes."""
    if words[:1] not in (("-l",), ("-c",)):
        raise UsageError("wc needs -l or -c")
    text = _read(words[1:], piped)
    return f"{len(text.splitlines()) if words[0] == '-l' else len(text.encode())}\n"


def diff(words: Sequence[str], _piped: str) -> str:
    """`diff -u OLD NEW`: the unified form, without times."""
    old, new = (word for word in words if word != "-u")
    before, after = (_read([name], "").splitlines(keepends=True) for name in (old, new))
    return "".join(difflib.unified_diff(before, after, old, new))


def cp(words: Sequence[str], _piped: str) -> str:
    """`cp FILE NEW`"""
    source, target = map(Path, words)
    target = target / source.name if target.is_dir() else target
    target.write_bytes(source.read_bytes())
    return ""


def echo(words: Sequence[str], _piped: str) -> str:
    """`echo WORDS`"""
    return " ".join(words) + "\n"


COMMANDS: dict[str, FolderCommand] = {
    "cat": cat, "cp": cp, "diff": diff, "echo": echo, "grep": grep, "head": head, "ls": ls, "tail": tail, "wc": wc,
}  # fmt: skip


def folder_command(name: str) -> FolderCommand:
    """Raises UsageError for one that chapters do not have."""
    if name not in COMMANDS:
        raise UsageError(f"{name!r} is no command of a chapter{near_names(name, COMMANDS)}; there are minikernel and "
                         f"{', '.join(COMMANDS)}")  # fmt: skip
    return COMMANDS[name]
