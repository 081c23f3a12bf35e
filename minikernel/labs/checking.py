"""What a check of a lab is given: `def check_NAME(check: Checking) -> None` in the lab's checks.py.

A check asks for runs, looks at machines and says what it saw, line by line. It passes when at least one line is good
and none is bad or missing; it never passes by not coming to its end. Prefer what the hardware shows (registers of a
device, permissions of a page, bytes in RAM, what a called function returns) to text and to events: a student's kernel
may print anything and call anything (watching.py). The same submission must give the same lines: no host times.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from minikernel.errors import Location, MinikernelError, SourceError
from minikernel.kernel.call import GuestFaultError
from minikernel.kernel.events import Panicked
from minikernel.kernel.machine import GuestStoppedError
from minikernel.kernel.proc import NoAnswerError
from minikernel.labs.lab import Lab
from minikernel.labs.report import Mark, Outcome, ReportLine
from minikernel.labs.running import Run, RunEndedError, stop_lines
from minikernel.machine.stop import StopKind, StopReason
from minikernel.toolchain.build import Build

__all__ = ["Checking", "Run"]

MAX_LINES = 60
MAX_TEXT = 400

#: What a machine in an unexpected state makes a check's own arithmetic and look-ups raise.
UNREADABLE = (ArithmeticError, LookupError, ValueError, AttributeError, TypeError)


@dataclass(frozen=True)
class Verdict:
    """How a check ended, and everything it said."""

    outcome: Outcome
    looked_at: tuple[str, ...]
    lines: tuple[ReportLine, ...]


class Checking:
    """One check of one submission. `lab`; `sources`: the student's files by path, as text.

    run_named, build_with: how the grader makes what run() and build() give.
    """

    def __init__(
        self,
        lab: Lab,
        sources: Mapping[str, str],
        run_named: Callable[[str], Run],
        build_with: Callable[[Mapping[str, str]], Build],
    ) -> None:
        self.lab = lab
        self.sources = sources
        self._run_named = run_named
        self._build_with = build_with
        self._runs: dict[str, Run] = {}
        self._looked_at: list[str] = []
        self._lines: list[ReportLine] = []

    # --- what there is to look at -------------------------------------------------------------------------------------

    def run(self, name: str) -> Run:
        """The run of that name in lab.toml. The first time its machine is as it stopped: what other checks did to it is
        undone; what this one does to it stays.

        A run that stopped early ends this check, with the reason as its lines.
        """
        if name not in self._runs:
            self._runs[name] = self._run_named(name)
        return self._runs[name]

    def build(self, drivers: Mapping[str, str] | None = None) -> Build:
        """The student's kernel built with some drivers set otherwise, without booting it."""
        return self._build_with(drivers or {})

    def answers(self, name: str = "answers.toml") -> dict[str, Any]:
        """The content of an answers file (TOML). Text that is none ends this check, with line and caret."""
        text = self.sources.get(name, "")
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
            lines = text.splitlines()
            line, column = (int(place[2]), int(place[3])) if place else (max(len(lines), 1), 1)
            shown = lines[line - 1] if line <= len(lines) else ""
            raise SourceError(place[1] if place else str(error), Location(name, line, column), shown) from None

    # --- what is said about it ----------------------------------------------------------------------------------------

    def looked_at(self, text: str) -> None:
        """Say what the next lines are about: the memory, register, function; and when."""
        self._looked_at.append(one_line(text))

    def equal(self, what: str, saw: object, expected: object, place: str = "") -> bool:
        """A good line when both are equal, else a bad one with both. Give numbers as texts where hex reads better."""
        is_equal = type(saw) is type(expected) and saw == expected
        if is_equal:
            self.good(f"{what}: {_shown(saw)}", place)
        else:
            self.bad(f"{what}: saw {_shown(saw)}, expected {_shown(expected)}", place)
        return is_equal

    def good(self, text: str, place: str = "") -> None:
        """Something is as it must be."""
        self._add(Mark.GOOD, text, place)

    def bad(self, text: str, place: str = "") -> None:
        """Something is not as it must be."""
        self._add(Mark.BAD, text, place)

    def missing(self, text: str, place: str = "") -> None:
        """Something that must be there is not."""
        self._add(Mark.MISSING, text, place)

    def plain(self, text: str, place: str = "") -> None:
        """Something that helps to understand the other lines."""
        self._add(Mark.PLAIN, text, place)

    def console(self, run: Run, wanted: str | re.Pattern[str], times: int = 1) -> bool:
        """A text (or a compiled pattern) is found in exactly `times` lines of the console. A text can be printed by
        anyone: never the only thing that a check looks at."""
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        found = [line for line in run.console if pattern.search(line)]
        text = wanted if isinstance(wanted, str) else wanted.pattern
        if len(found) == times:
            for line in found or [f"no line with {text!r}"]:
                self.good(f"console: {line}")
        elif len(found) < times:
            for line in found:
                self.plain(f"console: {line}")
            self.missing(f"console: {text!r}: {len(found)} of {times} lines")
        else:
            for line in found[times:]:
                self.bad(f"console: {line}: expected {times} such lines, not {len(found)}")
        return len(found) == times

    def _add(self, mark: Mark, text: str, place: str) -> None:
        if len(self._lines) < MAX_LINES:
            self._lines.append(ReportLine(mark, one_line(text), place))
        elif mark in (Mark.BAD, Mark.MISSING):
            self._lines[-1] = ReportLine(mark, one_line(text), place)

    # --- for the grader -----------------------------------------------------------------------------------------------

    def verdict_of(self, function: Callable[[Checking], None]) -> Verdict:
        """Run the check. Nothing that a student's kernel does makes this raise."""
        outcome: Outcome | None = None
        try:
            function(self)
        except RunEndedError as ended:
            outcome = ended.outcome
            self.bad(ended.why)
            self._lines += [replace(line, text=one_line(line.text)) for line in ended.lines]
        except (GuestStoppedError, GuestFaultError, NoAnswerError) as ended:
            timed_out = ended.stop.kind in (StopKind.BUDGET, StopKind.TIME)
            outcome = Outcome.TIMED_OUT if timed_out else Outcome.CRASHED
            self._say(str(ended), self._place(ended.stop))
            if isinstance(ended, NoAnswerError):
                self._say_why(ended.stop)
        except MinikernelError as error:
            outcome = Outcome.FAILED if isinstance(error, SourceError) else Outcome.CRASHED
            self._say(str(error))
        except OSError as error:  # the guest's errno, and what its log said: insmod, /proc
            outcome = Outcome.FAILED
            self._say(error.strerror or str(error))
        except UNREADABLE as error:
            outcome = Outcome.CRASHED
            self.bad(f"what this check looks at is in no state that can be read: {error!r}")
        return Verdict(outcome or self._outcome(), tuple(self._looked_at), tuple(self._lines))

    def _say_why(self, stop: StopReason) -> None:
        """The oops, and the end of the console, of the machine that stopped so."""
        for run in self._runs.values():
            if run.machine.stop is stop:
                lines = stop_lines(run.machine, run.kernel, stop, run.events(Panicked))
                self._lines += [replace(line, text=one_line(line.text)) for line in lines]

    def _place(self, stop: StopReason) -> str:
        """The source line of the fault, or of where the machine stood."""
        addr = stop.fault.pc if stop.fault else stop.pc
        return next((run.place(addr) for run in self._runs.values()), "")

    def _say(self, message: str, place: str = "") -> None:
        first, *rest = message.splitlines() or [""]
        self.bad(first, place)
        for line in rest:
            self.plain(line)

    def _outcome(self) -> Outcome:
        marks = {line.mark for line in self._lines}
        has_passed = Mark.GOOD in marks and not marks & {Mark.BAD, Mark.MISSING}
        return Outcome.PASSED if has_passed else Outcome.FAILED


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value else repr(value)


def one_line(text: str) -> str:
    """The text as one line that can be shown: a student's kernel or source may have made it up."""
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: MAX_TEXT + 1])
    return printable if len(printable) <= MAX_TEXT else printable[: MAX_TEXT - 4] + " ..."
