"""The arguments of `minikernel lab`. Parsing only."""

from __future__ import annotations

import argparse


def add_lab(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`lab` and its own commands."""
    lab = commands.add_parser(
        "lab",
        help="exercises on the kernel that check themselves",
        description="A lab is a folder with a README and a few kernel sources to edit. N is a lab's number or name; "
        "DIR is your folder (default: where you are).",
    )
    lab.set_defaults(incomplete=lab)
    verbs = lab.add_subparsers(dest="verb", metavar="WHAT")
    verbs.add_parser("list", help="which labs there are", description="Lists the labs with time, chapter and points.")

    start = verbs.add_parser(
        "start",
        help="begin a lab: make its folder",
        description="Makes a folder with the README and the files to edit.",
    )
    start.add_argument("lab", metavar="N", help="the lab's number or name")
    start.add_argument("folder", metavar="DIR", nargs="?", help="where to (default: the lab's name)")
    start.add_argument("--force", action="store_true", help="write over the lab's files in a folder that is there")

    check = verbs.add_parser(
        "check",
        help="check what you have made",
        description="Builds the kernel with your files, boots it, and says for each check what it looked at, saw and "
        "expected. Exit status 0 for full marks, 1 for less.",
    )
    _add_folder(check)
    check.add_argument("-q", "--quiet", action="store_true", help="only the points of each check")
    check.add_argument("-v", "--verbose", action="store_true", help="every line of the checks that passed, too")

    hint = verbs.add_parser(
        "hint",
        help="the next hint for a check",
        description="Shows the next step of a check's hints each time. Without a check: which hints there are.",
    )
    hint.add_argument("check", metavar="CHECK", nargs="?", help="the check's name")
    _add_folder(hint)
    hint.add_argument("--all", action="store_true", help="all hints at once")

    run = verbs.add_parser(
        "run",
        help="boot, debug, map ... with your kernel",
        description="Runs another command of minikernel on the kernel with your files: `minikernel lab run boot -i`, "
        "`minikernel lab run debug`.",
    )
    run.add_argument("--in", dest="folder", metavar="DIR", default=".", help="your folder (default: where you are)")
    run.add_argument("--lab", metavar="N", help="it is this lab, whatever its README says")
    run.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER, help="boot, debug, initcalls, map ...")

    sources = verbs.add_parser(
        "sources",
        help="write the whole kernel into a folder, to read",
        description="Writes every source of the lab's kernel, with your files in it, below OUT.",
    )
    sources.add_argument("out", metavar="OUT", help="a new folder")
    sources.add_argument("--in", dest="folder", metavar="DIR", default=".", help="your folder (default: where you are)")
    sources.add_argument("--lab", metavar="N", help="it is this lab, whatever its README says")

    grade = verbs.add_parser(
        "grade",
        help="check one folder and print the report as JSON",
        description="Prints the report as one JSON object.",
    )
    _add_folder(grade)

    matrix = verbs.add_parser(
        "matrix",
        help="for teachers: does every lab score what it declares?",
        description="Grades each lab's start, solution, wrong solutions and cheats, and compares the points of every "
        "check with what lab.toml declares. Exit status 1 when any differs.",
    )
    matrix.add_argument("labs", metavar="N", nargs="*", help="only these labs")

    autograder = verbs.add_parser(
        "autograder", help="the zip for Gradescope", description="Writes the autograder of a lab for Gradescope."
    )
    autograder.add_argument("lab", metavar="N", help="the lab's number or name")
    autograder.add_argument("-o", "--output", metavar="FILE.zip", default="autograder.zip", help="where to")


def _add_folder(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("folder", metavar="DIR", nargs="?", default=".", help="your folder (default: where you are)")
    verb.add_argument("--lab", metavar="N", help="it is this lab, whatever its README says")
