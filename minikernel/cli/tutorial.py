"""`minikernel tutorial`: the chapters in the terminal, their questions, and the same as notebooks."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from minikernel.cli.screen import PlainScreen, Screen, Span, open_screen
from minikernel.cli.state import state_folder
from minikernel.cli.story import plural
from minikernel.cli.tutorial_walk import Ended, Walk
from minikernel.errors import UsageError
from minikernel.lessons.asking import Lesson
from minikernel.lessons.chapter import Chapter, chapters, find_chapter
from minikernel.lessons.progress import Progress
from minikernel.lessons.questions import find_question, read_questions
from minikernel.lessons.situation import CommandRun
from minikernel.lessons.steps import read_steps
from minikernel.tutorials_tree import tutorials_tree

ANSWER = "answer"

OK, FAILED = 0, 1


def tutorial_command(args: argparse.Namespace, command: Callable[[Sequence[str]], int]) -> int:
    """As the words say: list, walk, answer; or write notebooks. `command` runs a `minikernel` command."""
    if args.notebooks is not None:
        from minikernel.cli.notebooks import write_notebooks

        return write_notebooks(Path(args.notebooks), args.words)
    screen = PlainScreen(sys.stdout) if args.plain else open_screen()
    if args.words[:1] == [ANSWER]:
        return _answer(args.words[1:], screen)
    if len(args.words) > 1:
        raise UsageError("expected a chapter, as `minikernel tutorial 01`, or `minikernel tutorial answer 01 2 WORDS`")
    if not args.words:
        return _list(screen)
    return _walk(find_chapter(tutorials_tree(), args.words[0]), screen, args.plain, command)


# --- the list ---------------------------------------------------------------------------------------------------------


def _list(screen: Screen) -> int:
    progress = Progress.load(state_folder())
    for chapter in chapters(tutorials_tree()):
        known = progress.of(chapter.name)
        steps, questions = len(read_steps(chapter)), len(read_questions(chapter))
        place = "done" if known.is_done else "begun" if known.step else ""
        answered = f"{len(known.answered)} of {plural(questions, 'question')} answered" if questions else ""
        screen.line(
            (
                Span(f"  {chapter.number}  {chapter.title:<50}", "title"),
                Span(f"{plural(steps, 'step'):<10}{place:<7}{answered}", "dim"),
            )
        )
    screen.line(())
    screen.line((Span("`minikernel tutorial 01` walks through one; their texts are in", "dim"),))
    screen.line((Span(str(tutorials_tree()), "dim"),))
    return OK


# --- questions --------------------------------------------------------------------------------------------------------


def _answer(words: Sequence[str], screen: Screen) -> int:
    """`NN`: the questions; `NN K`: one of them; `NN K WORDS`: whether that is right."""
    if not words:
        raise UsageError("which chapter? `minikernel tutorial answer 01 2 WORDS`")
    chapter = find_chapter(tutorials_tree(), words[0])
    progress = Progress.load(state_folder())
    if len(words) == 1:
        for each in read_questions(chapter):
            mark = "right" if each.number in progress.of(chapter.name).answered else ""
            screen.line((Span(f"{mark:>6} {each.number}. {each.text}"),))
        return OK
    question = find_question(chapter, words[1])
    if len(words) == 2:
        screen.line((Span(f"{question.number}. {question.text}"),))
        return OK
    if not question.right(Lesson()).accepts(" ".join(words[2:])):
        screen.line((Span(f"no; look at {question.look_at}", "bad"),))
        return FAILED
    progress.answered(chapter.name, question.number)
    left = len(read_questions(chapter)) - len(progress.of(chapter.name).answered)
    screen.line((Span(f"right; {plural(left, 'question')} of the chapter left" if left else "right", "good"),))
    return OK


# --- the walk ---------------------------------------------------------------------------------------------------------


def _walk(chapter: Chapter, screen: Screen, is_plain: bool, command: Callable[[Sequence[str]], int]) -> int:
    steps = read_steps(chapter)
    if not steps:
        raise UsageError(f"chapter {chapter.name} has no steps; read {chapter.path}")
    walk = Walk(
        chapter, steps, Progress.load(state_folder()), screen=screen, ask=_ask, is_plain=is_plain, folder=Path.cwd(),
        command=lambda words: _run(words, command),
    )  # fmt: skip
    try:
        ended = walk.run()
    except KeyboardInterrupt:
        screen.line(())
        screen.line((Span("your place is kept", "dim"),))
        ended = Ended.LEFT
    if ended is Ended.DONE:
        screen.line(
            (Span(f"the chapter's steps are done; its questions: `minikernel tutorial answer {chapter.number}`"),)
        )
    return OK


def _ask(prompt: str) -> str | None:
    """A line of the terminal; of a pipe, shown behind the prompt as if it had been typed."""
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):  # Windows has none; elsewhere it edits the line
            import readline  # noqa: F401
        try:
            return input(prompt)
        except EOFError:
            return None
    line = sys.stdin.readline()
    if not line:
        return None
    sys.stdout.write(prompt + line.rstrip("\n") + "\n")
    return line.rstrip("\n")


def _run(words: Sequence[str], command: Callable[[Sequence[str]], int]) -> CommandRun:
    """A command, and how its options were understood."""
    from minikernel.cli.arguments import parser

    status = command(words)
    options: dict[str, str] = {}
    if status != 2 and words and not {"-h", "--help"} & set(words):
        parsed = vars(parser().parse_args(words))
        options = {name: _text(value) for name, value in parsed.items()}
    return CommandRun(words[0] if words else "", options, status)


def _text(value: object) -> str:
    """An option's value as it is written: `--set` gives `ehci_hcd=y`."""
    if isinstance(value, list):
        return " ".join("=".join(each) if isinstance(each, tuple) else str(each) for each in value)
    return str(value)
