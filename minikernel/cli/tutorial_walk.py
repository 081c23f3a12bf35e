"""Walking through a chapter in the terminal: a step is shown, the reader's lines are done, the machine is looked at.

The reader sees the real prompts: `$` for commands, `#` for the guest's shell, `(mk)` for the debugger. A line that
begins with `minikernel` is a command at any of them; the walk's own words are WORDS.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from minikernel.cli.repl import Repl, message, open_dialogue
from minikernel.cli.repl_changing import with_new_future
from minikernel.cli.screen import NoScreen, Screen, Span
from minikernel.cli.story import heading, wrapped
from minikernel.errors import MinikernelError, UsageError
from minikernel.lessons.asking import Lesson
from minikernel.lessons.chapter import Chapter
from minikernel.lessons.progress import Progress
from minikernel.lessons.questions import find_question
from minikernel.lessons.situation import CommandRun, Situation
from minikernel.lessons.step_checks import missing
from minikernel.lessons.steps import RESET, At, Boot, StepOfChapter
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module

#: Instructions one line of the reader may take.
BUDGET = 1_000_000_000

PROGRAM = "minikernel"

#: The command: words in, exit status and the options as they were understood out.
RunCommand = Callable[[Sequence[str]], CommandRun]

#: The next line behind a prompt; None at the end of the input.
Ask = Callable[[str], str | None]

WORDS: Mapping[str, str] = {
    "hint": "the next hint of this step",
    "skip": "do the step for me, and go on",
    "back": "to the step before",
    "again": "show this step again",
    "restart": "the machine as it was when this step began",
    "answer": "answer K WORDS: answer the chapter's question K",
    "quit": "leave; the next time begins here",
}


class Ended(Enum):
    """How a walk ended."""

    DONE = auto()
    LEFT = auto()


@dataclass
class _Bench:
    """The machine on the table, and the debugger's command line over it."""

    repl: Repl

    @classmethod
    def of(cls, boot: Boot, screen: Screen, is_plain: bool) -> _Bench:
        """A fresh machine, run as far as the step says."""
        config = BuildConfig.load(boot.set)
        machine = prepare(BootOptions(drivers=boot.set, append=boot.append, modules=boot.modules))
        if boot.until != RESET:
            machine.run(until=boot.until, max_instructions=BUDGET)
        dialogue = open_dialogue(machine, is_plain, partial(find_module, config))
        dialogue.screen, dialogue.settings.panes = screen, ()
        dialogue.dbg.budget = BUDGET
        return cls(Repl(dialogue))


class Walk:
    """One reader in one chapter. `folder` is where files go."""

    def __init__(
        self,
        chapter: Chapter,
        steps: tuple[StepOfChapter, ...],
        progress: Progress,
        *,
        screen: Screen,
        ask: Ask,
        command: RunCommand,
        folder: Path,
        is_plain: bool,
    ) -> None:
        self._chapter, self._steps, self._progress = chapter, steps, progress
        self._screen, self._ask, self._command, self._is_plain = screen, ask, command, is_plain
        self._bench: _Bench | None = None
        self._lesson = Lesson()
        self._situation = Situation(None, None, folder)
        self._number = 0
        self._hints = 0
        self._is_restarted = False

    # --- the walk -----------------------------------------------------------------------------------------------------

    def run(self) -> Ended:
        """From the reader's place to the end of the chapter, or to `quit` or the end of the input."""
        names = [step.name for step in self._steps]
        place = self._progress.of(self._chapter.name).step
        self._number = names.index(place) if place in names else 0
        self._say(self._chapter.title, "title")
        self._say("`hint`, `skip`, `back`, `again`, `quit` at any prompt; `help` says more", "dim")
        self._catch_up()
        while self._number < len(self._steps):
            self._progress.at_step(self._chapter.name, self._step.name)
            if not self._do_step():
                return Ended.LEFT
        self._progress.done(self._chapter.name)
        return Ended.DONE

    @property
    def _step(self) -> StepOfChapter:
        return self._steps[self._number]

    def _catch_up(self) -> None:
        """The machine as the steps before this one leave it, without a word."""
        first = max((n for n in range(self._number + 1) if self._steps[n].boot), default=None)
        screen, self._screen = self._screen, NoScreen()
        try:
            for step in self._steps[first : self._number] if first is not None else ():
                self._begin(step)
                for line in step.solution:
                    if not line.startswith(PROGRAM):
                        self._do(step.at, line)
        finally:
            self._screen = screen
            if self._bench:
                self._bench.repl.dialogue.screen = screen

    def _do_step(self) -> bool:
        """One step, until it is done, skipped, or gone back from; False to leave."""
        step, number = self._step, self._number
        self._is_restarted = False
        self._begin(step)
        self._show()
        while True:
            line = self._ask(step.at.prompt)
            if line is None or line.strip() in ("quit", "q", "exit"):
                self._say("your place is kept" if line is not None else "\nyour place is kept", "dim")
                return False
            if self._own_word(line.strip()):
                if self._number != number or self._is_restarted:
                    return True
                continue
            if line.strip():
                self._do(step.at, line.strip())
            if self._is_done(step):
                return True

    def _begin(self, step: StepOfChapter) -> None:
        if step.boot is not None:
            self._bench = _Bench.of(step.boot, self._screen, self._is_plain)
        dbg = self._bench.repl.dialogue.dbg if self._bench else None
        machine = self._bench.repl.dialogue.machine if self._bench else None
        begun = machine.icount if machine else 0
        self._situation = Situation(dbg, machine, self._situation.folder, begun)
        self._hints = 0

    def _is_done(self, step: StepOfChapter) -> bool:
        try:
            still = missing(self._situation, step.check)
        except MinikernelError as error:
            still = str(error)
        if still:
            self._say(f"not yet: {still}", "dim")
            return False
        self._say(f"{'done: ' if self._is_plain else '✓ '}{step.done or 'that is it'}", "good")
        self._number += 1
        return True

    # --- the walk's own words -----------------------------------------------------------------------------------------

    def _own_word(self, line: str) -> bool:
        """Do what one of WORDS says; False for a line that is none."""
        word, _, rest = line.partition(" ")
        actions: dict[str, Callable[[str], None]] = {
            "hint": self._hint, "skip": self._skip, "back": self._back, "again": lambda _: self._show(),
            "restart": self._restart, "answer": self._answer,
        }  # fmt: skip
        if word == "help" and self._step.at is not At.SHELL and not rest:
            for name, what in WORDS.items():
                self._say(f"  {name:<8}{what}")
            return self._step.at is At.COMMAND  # the debugger has words of its own to tell
        if word not in actions or (rest and word != "answer"):
            return False
        actions[word](rest)
        if word == "answer" and self._step.check:
            self._is_done(self._step)
        return True

    def _hint(self, _rest: str) -> None:
        step = self._step
        hints = (*step.hints, *(("type: " + "; ".join(step.solution),) if step.solution else ()))
        if not hints:
            self._say("there is nothing to do here: Enter goes on", "dim")
            return
        self._say(hints[min(self._hints, len(hints) - 1)])
        self._hints += 1

    def _skip(self, _rest: str) -> None:
        for line in self._step.solution:
            self._say(self._step.at.prompt + line, "title")
            if line.startswith("answer "):
                continue
            self._do(self._step.at, line)
        self._number += 1

    def _back(self, _rest: str) -> None:
        if self._number == 0:
            self._say("this is the first step", "dim")
            return
        self._number -= 1
        self._catch_up()

    def _restart(self, _rest: str) -> None:
        self._is_restarted = True
        self._catch_up()

    def _answer(self, rest: str) -> None:
        number, _, words = rest.partition(" ")
        try:
            question = find_question(self._chapter, number)
            is_right = question.right(self._lesson).accepts(words)
        except MinikernelError as error:
            self._say(f"error: {error}", "bad")
            return
        if is_right:
            self._situation.answered.add(question.number)
            self._progress.answered(self._chapter.name, question.number)
            self._say("right", "good")
        else:
            self._say(f"no; look at {question.look_at}", "bad")

    # --- the reader's lines -------------------------------------------------------------------------------------------

    def _do(self, at: At, line: str) -> None:
        """One line; what goes wrong is told, and the walk goes on."""
        try:
            if line.removeprefix("$ ").startswith(PROGRAM):
                self._run_command(line.removeprefix("$ "))
            elif at is At.COMMAND:
                raise UsageError(f"a command here begins with `{PROGRAM}`; `help` lists the walk's own words")
            elif self._bench is None:
                raise UsageError("no machine has been booted in this chapter yet")
            elif at is At.DEBUGGER:
                self._bench.repl.run_line(line)
            else:
                self._type(self._bench, line)
        except MinikernelError as error:
            self._say(f"error: {message(error)}", "bad")
        except ValueError as error:  # a line the guest's console cannot take
            self._say(f"error: {error}", "bad")
        except KeyboardInterrupt:
            self._say("interrupted")

    def _type(self, bench: _Bench, line: str) -> None:
        """A line for the guest's shell, and what it prints, without the marks of the debugger's console."""
        dialogue = bench.repl.dialogue
        printed: list[str] = []
        dialogue.screen = NoScreen()
        try:
            with_new_future(dialogue, lambda: printed.append(dialogue.machine.shell(line, BUDGET)))
            dialogue.say("")  # ends the line of the guest's prompt
        finally:
            dialogue.screen = self._screen
        for text in "".join(printed).splitlines():
            self._say(text)

    def _run_command(self, line: str) -> None:
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise UsageError(f"{line!r}: {error}") from None
        if words[1:2] == ["tutorial"]:
            raise UsageError("this is the tutorial already")
        sys.stdout.flush()
        self._situation.commands.append(self._command(words[1:]))

    # --- text ---------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        step, count = self._step, len(self._steps)
        title = f"step {self._number + 1} of {count}"
        self._say("")
        if self._is_plain:
            self._say(f"{title}: {step.title}")
        else:
            self._screen.line(heading(title, step.title, self._screen.width))
        self._say(step.text)

    def _say(self, text: str, style: str = "") -> None:
        for line in text.split("\n") if self._is_plain else _filled(text, self._screen.width):
            self._screen.line((Span(line, style),))


def _filled(text: str, width: int) -> list[str]:
    """The text with its paragraphs as wide as the screen. Lines that are set in are commands, and stay."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and lines[-1] and line and not lines[-1].startswith(" ") and not line.startswith(" "):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return [part for line in lines for part in ([line] if line.startswith(" ") else wrapped(line, width))]
