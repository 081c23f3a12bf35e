"""A console block taken apart: commands, what is typed to them, and what they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minikernel.errors import UsageError

PROMPT = "$ "

#: Who reads lines of its own -> what stands before each; the first is the prompt, others go on with a line.
PROMPTS = {"debug": ("(mk) ", "> "), "boot -i": ("# ",)}

_STATUS = re.compile(r"#\s*exit status (\d+)\s*$")


@dataclass(frozen=True)
class Step:
    """A line typed, as written with its prompt, and the lines shown below it."""

    head: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Exchange:
    """One command of the block. `steps[0]` is the command's own line; the others are typed to the command.

    `status` is the exit status that a comment `# exit status 1` announces; None where nothing is announced.
    """

    steps: tuple[Step, ...]
    status: int | None

    @property
    def line(self) -> str:
        """The command line without its prompt."""
        return self.steps[0].head.removeprefix(PROMPT)

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The words of each command of a pipe."""
        return split_pipe(self.line)

    @property
    def typed(self) -> tuple[str, ...]:
        """What goes to the command's standard input, without prompts."""
        prompts = prompts_of(self.stages[0])
        lines = [self.steps[0].shown, *((step.head, *step.shown) for step in self.steps[1:])]
        return tuple(without(prompts, text) for part in lines for text in part if text.startswith(prompts))


def without(prompts: tuple[str, ...], text: str) -> str:
    """A line without the prompt before it."""
    return text.removeprefix(next(prompt for prompt in prompts if text.startswith(prompt)))


def prompts_of(words: Sequence[str]) -> tuple[str, ...]:
    """The prompts of a command that reads lines; none for others."""
    if words[:1] != ("minikernel",):
        return ()
    if words[1:2] == ("boot",):
        return PROMPTS["boot -i"] if {"-i", "--interactive"} & set(words) else ()
    return PROMPTS.get(words[1], ()) if len(words) > 1 else ()


def split_pipe(line: str) -> tuple[tuple[str, ...], ...]:
    """`minikernel initcalls | grep usb` as its commands' words; `> FILE` stays in the last one. Raises UsageError."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    stages: list[tuple[str, ...]] = [()]
    try:
        for word in lexer:
            if word == "|":
                stages.append(())
            else:
                stages[-1] += (word,)
    except ValueError as error:
        raise UsageError(f"{line!r}: {error}") from None
    if not all(stages):
        raise UsageError(f"{line!r}: a command is missing")
    return tuple(stages)


def exchanges(lines: Sequence[str]) -> Iterator[Exchange]:
    """The commands of a block. Raises UsageError for a block that does not begin with one."""
    starts = [n for n, line in enumerate(lines) if line.startswith(PROMPT)]
    if starts[:1] != [0]:
        raise UsageError(f"a console block begins with {PROMPT!r} and a command")
    for start, end in zip(starts, (*starts[1:], len(lines)), strict=True):
        status = _STATUS.search(lines[start])
        prompts = prompts_of(split_pipe(lines[start].removeprefix(PROMPT))[0])[:1]
        steps = steps_of(lines[start], lines[start + 1 : end], prompts)
        yield Exchange(steps, int(status[1]) if status else None)


def steps_of(head: str, lines: Sequence[str], prompts: tuple[str, ...]) -> tuple[Step, ...]:
    """The lines below a head, parted where something is typed at one of the prompts."""
    starts = [n for n, line in enumerate(lines) if prompts and line.startswith(prompts)]
    ends = (*starts, len(lines))
    typed = (Step(lines[a], tuple(lines[a + 1 : b])) for a, b in zip(starts, ends[1:], strict=True))
    return (Step(head, tuple(lines[: ends[0]])), *typed)
