"""Running a chapter: each block of it, in order, in one folder; what the page shows beside what there is now.

Commands run in this process with their streams in hand. They see a pipe, 80 columns wide, and a state folder of their
own, so that a reader's progress and history are not touched.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from minikernel.errors import Location, MinikernelError, SourceError
from minikernel.lessons.chapter import Chapter, Part, PartKind
from minikernel.lessons.console import Exchange, Step, exchanges, prompts_of, steps_of
from minikernel.lessons.excerpt import is_excerpt, renewed
from minikernel.lessons.folder_commands import folder_command
from minikernel.lessons.quotes import quote

#: The command `minikernel`: arguments in, exit status out.
Command = Callable[[Sequence[str]], int]

STATE_FOLDER = ".state"

#: A script's place before an error; at a terminal there is none.
_SCRIPT_PLACE = re.compile(r"^standard input:\d+: (?=error: )", re.MULTILINE)

_ERROR = re.compile(r"\berror: ")

NOT_REACHED = "(not reached: the session was over)"


@dataclass(frozen=True)
class Piece:
    """A part of a block: a line that stays, the lines the page shows below it, and those there are now."""

    head: tuple[str, ...]
    shown: tuple[str, ...]
    now: tuple[str, ...]

    @property
    def is_true(self) -> bool:
        """The page shows what there is."""
        return is_excerpt(self.shown, self.now)

    @property
    def renewed(self) -> Sequence[str]:
        """The lines now, with those left out left out; all, where no line is like the page's any more."""
        again = renewed(self.shown, self.now)
        return self.now if again is None else again


@dataclass(frozen=True)
class Ran:
    """A block that has run."""

    part: Part
    pieces: tuple[Piece, ...] = ()
    problems: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    """What a python block has printed and no text block behind it shows."""

    @property
    def is_true(self) -> bool:
        """Everything the page shows is there, and nothing went wrong that the page does not show."""
        return not self.problems and not self.unshown and all(piece.is_true for piece in self.pieces)

    @property
    def now(self) -> tuple[str, ...]:
        """The block's lines, renewed."""
        return tuple(line for piece in self.pieces for line in (*piece.head, *piece.renewed))


class Runner:
    """Runs one chapter's blocks in `folder`, which should be empty. `guest` is where quotes come from."""

    def __init__(self, command: Command, folder: Path, guest: Path) -> None:
        self._command, self._folder, self._guest = command, folder, guest
        self._names: dict[str, object] = {"__name__": "__main__"}
        self._printed = ""

    def run(self, chapter: Chapter) -> Iterator[Ran]:
        """Every block. An exception of a block is a SourceError that names its line."""
        blocks = chapter.blocks
        for part, behind in zip(blocks, (*blocks[1:], None), strict=True):
            try:
                ran = self.run_part(part, f"{chapter.name}.py")
                has_output = behind is not None and behind.kind is PartKind.OUTPUT
                yield ran if has_output else replace(ran, unshown=self._take_printed())
            except MinikernelError as error:
                where = Location(str(chapter.path), part.line)
                raise SourceError(str(error), where, part.lines[0] if part.lines else "") from error

    def run_part(self, part: Part, file: str) -> Ran:
        """One block. Raises MinikernelError for what it says wrong, whatever its Python raises."""
        with self._in_folder():
            return {
                PartKind.CONSOLE: self._console,
                PartKind.PYTHON: lambda part: self._python(part, file),
                PartKind.OUTPUT: self._output,
                PartKind.QUOTE: self._quote,
                PartKind.FILE: self._file,
            }.get(part.kind, Ran)(part)

    # --- kinds of blocks ----------------------------------------------------------------------------------------------

    def _console(self, part: Part) -> Ran:
        pieces: list[Piece] = []
        problems: list[str] = []
        for exchange in exchanges(part.lines):
            text, status = self._pipe(exchange.stages, exchange.typed)
            pieces += _pieces(exchange, text)
            expected = exchange.status if exchange.status is not None else int(bool(_ERROR.search(text)))
            if bool(status) != bool(expected) or (exchange.status is not None and status != expected):
                problems.append(f"{exchange.line}: exit status {status}")
        return Ran(part, tuple(pieces), tuple(problems))

    def _python(self, part: Part, file: str) -> Ran:
        code = compile("\n" * (part.line - 1) + part.text, file, "exec")  # line numbers as in the page
        with _captured() as (out, _):
            exec(code, self._names)
        self._printed = out.text()
        return Ran(part)

    def _output(self, part: Part) -> Ran:
        return Ran(part, (Piece((), part.lines, self._take_printed()),))

    def _take_printed(self) -> tuple[str, ...]:
        printed, self._printed = tuple(self._printed.splitlines()), ""
        return printed

    def _quote(self, part: Part) -> Ran:
        return Ran(part, (Piece(part.lines[:1], part.lines[1:], quote(self._guest, part.subject)),))

    def _file(self, part: Part) -> Ran:
        path = Path(part.subject)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in part.lines[1:]), encoding="utf-8")
        return Ran(part)

    # --- commands -----------------------------------------------------------------------------------------------------

    def _pipe(self, stages: Sequence[Sequence[str]], typed: Sequence[str]) -> tuple[str, int]:
        """The pipe's text, behind it what its commands say of errors, and the exit status of the first."""
        text, errors, status = "", "", 0
        for number, (name, *words) in enumerate(stages):
            target = words.index(">") if ">" in words else len(words)
            if name == "minikernel":
                is_alone = len(stages) == 1 and target == len(words)
                text, said, code = self._minikernel(words[:target], typed, is_alone)
                errors, status = errors + said, status if number else code
            else:
                text = folder_command(name)(words[:target], text)
            if target < len(words):
                Path(words[target + 1]).write_text(text, encoding="utf-8")
                text = ""
        return text + errors, status

    def _minikernel(self, words: Sequence[str], typed: Sequence[str], is_alone: bool) -> tuple[str, str, int]:
        """What it prints, what it says of errors (in the first text where it is alone), its exit status."""
        with _captured(typed, is_alone) as (out, err):
            status = self._command(words)
        return _SCRIPT_PLACE.sub("", out.text()), "" if is_alone else err.text(), status

    @contextlib.contextmanager
    def _in_folder(self) -> Iterator[None]:
        changed = {"COLUMNS": None, "MINIKERNEL_STATE": str(self._folder / STATE_FOLDER)}
        with contextlib.chdir(self._folder), _environment(changed):
            yield


def _pieces(exchange: Exchange, text: str) -> Iterator[Piece]:
    """Page and truth side by side, typed line by typed line."""
    prompts = prompts_of(exchange.stages[0])[:1]
    now = steps_of("", text.splitlines(), prompts)
    page = exchange.steps
    if len(page) > 1 and not page[0].shown:
        now = (Step("", ()), *now[1:])  # what comes before the first prompt is the boot's story
    for number, step in enumerate(page):
        lines = now[number].shown if number < len(now) else (NOT_REACHED,)
        if number == len(page) - 1:
            lines += tuple(line for more in now[number + 1 :] for line in (more.head, *more.shown))
        yield Piece((step.head,), step.shown, lines)


@contextlib.contextmanager
def _environment(changed: Mapping[str, str | None]) -> Iterator[None]:
    """Variables set, or taken away where they are None; afterwards as before."""
    before = {name: os.environ.get(name) for name in changed}
    _set_variables(changed)
    try:
        yield
    finally:
        _set_variables(before)


def _set_variables(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class _Stream:
    """A text stream that is kept."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self.stream = io.TextIOWrapper(self._bytes, encoding="utf-8", errors="replace", write_through=True)

    def text(self) -> str:
        """What was written."""
        return self._bytes.getvalue().decode("utf-8", "replace")


@contextlib.contextmanager
def _captured(typed: Sequence[str] = (), is_one: bool = True) -> Iterator[tuple[_Stream, _Stream]]:
    """Standard output and standard error, in one stream as a terminal shows them, or in two. The lines typed are a
    file, which has a number as some readers want it."""
    out = _Stream()
    err = out if is_one else _Stream()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as keys:
        keys.write("".join(f"{line}\n" for line in typed))
        keys.seek(0)
        before, sys.stdin = sys.stdin, keys
        try:
            with contextlib.redirect_stdout(out.stream), contextlib.redirect_stderr(err.stream):
                yield out, err
        finally:
            sys.stdin = before
