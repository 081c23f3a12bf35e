"""`minikernel lab`: exercises that check themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from minikernel.cli.lab_matrix import matrix_command
from minikernel.cli.lab_view import report_lines, wrapped
from minikernel.cli.progress import progress
from minikernel.cli.screen import Line, Screen, Span, open_screen
from minikernel.cli.state import state_folder
from minikernel.elf.line_table import SourceTexts
from minikernel.errors import UsageError
from minikernel.labs.grading import grade_folder
from minikernel.labs.handout import hand_out, lab_of
from minikernel.labs.hints import HintsGiven
from minikernel.labs.lab import CheckSpec, Lab
from minikernel.labs.report import LabReport
from minikernel.labs.submission import README, read_submission
from minikernel.labs.trees import Tree, on_disk, with_files
from minikernel.toolchain.guest_tree import another_tree, guest_tree

OK, LESS_THAN_FULL_MARKS = 0, 1


def lab_command(args: argparse.Namespace) -> int:
    """`minikernel lab VERB`."""
    return VERBS[args.verb](args)


# --- list and start ---------------------------------------------------------------------------------------------------


def list_command(_args: argparse.Namespace) -> int:
    """A line for each lab."""
    labs = Lab.all()
    screen = open_screen()
    for line in _list_lines(labs, screen.width):
        screen.line(line)
    return OK


def _list_lines(labs: tuple[Lab, ...], width: int) -> Iterator[Line]:
    if not labs:
        yield (Span("no labs in this installation"),)
        return
    chapter = max(len("chapter"), *(len(lab.chapter) for lab in labs))
    title = width - len("NN  ") - len("  999 min  99 points  ") - chapter
    head = f"{'lab':<4}{'':<{title}}  {'time':>7}  {'points':>9}  chapter"
    yield (Span(head, "title"),)
    for lab in labs:
        first, *more = wrapped(lab.title, title)
        numbers = f"  {lab.minutes:>3} min  {lab.max_score:>2} points  "
        yield (
            Span(f"{lab.number:02}  ", "level"),
            Span(f"{first:<{title}}"),
            Span(numbers, "dim"),
            Span(lab.chapter, "dim"),
        )
        for rest in more:
            yield (Span(f"    {rest}"),)
    yield ()
    yield Span("Begin with: ", "dim"), Span(f"minikernel lab start {labs[0].number}")


def start_command(args: argparse.Namespace) -> int:
    """Makes the folder and says what comes next."""
    lab = Lab.find(args.lab)
    folder = Path(args.folder or lab.slug)
    names = hand_out(lab, folder, args.force)
    screen = open_screen()
    screen.line([Span(f"Lab {lab.number}: {lab.title}", "title"), Span(f", about {lab.minutes} minutes", "dim")])
    screen.line([Span(f"{folder}/", "name")])
    for name in names:
        what = "read this first" if name == README else "to edit"
        screen.line([Span(f"  {name:<{max(map(len, names))}}  "), Span(what, "dim")])
    inside = f"cd {folder}, edit, then" if str(folder) != "." else "Edit, then"
    screen.line(
        [Span(f"{inside}: "), Span("minikernel lab check", "title"), Span("   stuck: minikernel lab hint", "dim")]
    )
    return OK


# --- check and grade --------------------------------------------------------------------------------------------------


def check_command(args: argparse.Namespace) -> int:
    """The checks, and whether they earn everything."""
    lab, report = _graded(args)
    screen = open_screen()
    texts = SourceTexts(Path(args.folder), guest_tree())
    for line in report_lines(lab, report, screen.width, texts, is_quiet=args.quiet, is_verbose=args.verbose):
        screen.line(line)
    return OK if report.has_full_marks else LESS_THAN_FULL_MARKS


def grade_command(args: argparse.Namespace) -> int:
    """The same report for programs."""
    _, report = _graded(args)
    sys.stdout.write(report.to_json())
    return OK if report.has_full_marks else LESS_THAN_FULL_MARKS


def _graded(args: argparse.Namespace) -> tuple[Lab, LabReport]:
    folder = Path(args.folder)
    lab = _lab(args)
    if not folder.is_dir():
        raise UsageError(f"no folder {folder}")
    with progress(f"checking lab {lab.number}"):
        return lab, grade_folder(lab, folder, folder.resolve().name)


def _lab(args: argparse.Namespace) -> Lab:
    return Lab.find(args.lab) if args.lab else lab_of(Path(args.folder))


# --- the student's kernel under the other commands ------------------------------------------------------------------


def run_command(args: argparse.Namespace) -> int:
    """Another command, on the kernel with the student's files."""
    from minikernel.cli.main import main

    if not args.words:
        raise UsageError("which command? for example: minikernel lab run boot -i")
    with on_disk(_students_tree(args)) as tree, another_tree(tree):
        return main(args.words)


def sources_command(args: argparse.Namespace) -> int:
    """Every source of the student's kernel."""
    tree = _students_tree(args)
    out = Path(args.out)
    if out.exists():
        raise UsageError(f"{out} is there already: name a new folder")
    try:
        for path, data in tree.items():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            (out / path).write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror}") from None
    open_screen().line([Span(f"{len(tree)} files below {out}, to read: those you edit are still in {args.folder}")])
    return OK


def _students_tree(args: argparse.Namespace) -> Tree:
    """The lab's kernel with the files of the student's folder. Raises UsageError for files that cannot be taken."""
    lab = _lab(args)
    handed_in = read_submission(lab, Path(args.folder))
    if handed_in.problems:
        raise UsageError("\n".join(handed_in.problems))
    return with_files(lab, handed_in.files)


# --- hints ------------------------------------------------------------------------------------------------------------


def hint_command(args: argparse.Namespace) -> int:
    """One hint more."""
    lab = _lab(args)
    given = HintsGiven(state_folder())
    screen = open_screen()
    if args.check is None and not args.all:
        _show_hints_there_are(lab, given, screen)
        return OK
    checks = [check for check in lab.checks if check.hints] if args.check is None else [lab.check_named(args.check)]
    for check in checks:
        count = len(check.hints) if args.all else given.give(lab, check)
        _show_hints(check, count, screen)
    return OK


def _show_hints_there_are(lab: Lab, given: HintsGiven, screen: Screen) -> None:
    checks = [check for check in lab.checks if check.hints]
    width = max((len(check.name) for check in checks), default=0)
    for check in checks:
        seen = f"{given.given(lab, check)} of {len(check.hints)}"
        screen.line([Span(f"{check.name:<{width}}  ", "title"), Span(f"{seen} hints seen  ", "dim")])
    unseen = [check for check in checks if given.given(lab, check) < len(check.hints)]
    if unseen:
        screen.line([Span("The next one: ", "dim"), Span(f"minikernel lab hint {unseen[0].name}")])


def _show_hints(check: CheckSpec, count: int, screen: Screen) -> None:
    screen.line([Span(check.name, "title"), Span(f": {check.title}")])
    if not check.hints:
        screen.line([Span("  there are no hints for this one", "dim")])
    for number, hint in enumerate(check.hints[:count], 1):
        head = f"  {number} of {len(check.hints)}  "
        for index, line in enumerate(wrapped(hint, screen.width - len(head))):
            screen.line([Span(head if index == 0 else " " * len(head), "dim"), Span(line)])


def autograder_command(args: argparse.Namespace) -> int:
    """The zip for Gradescope."""
    from minikernel.cli.autograder import autograder_command as write_zip

    return write_zip(args)


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": list_command,
    "start": start_command,
    "check": check_command,
    "hint": hint_command,
    "run": run_command,
    "sources": sources_command,
    "grade": grade_command,
    "matrix": matrix_command,
    "autograder": autograder_command,
}
