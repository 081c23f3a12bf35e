"""The arguments of `minikernel grade`. Parsing only."""

from __future__ import annotations

import argparse

#: The formats, as minikernel/labs/grader/formats/table.py has them; a test compares the two.
FORMAT_NAMES = ("csv", "markdown", "junit", "json", "gradescope", "github-classroom")


def job_count(text: str) -> int:
    """A number of submissions graded at a time."""
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of jobs, 1 to 1024")
    return int(text)


def add_grade(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`grade` and its options."""
    grade = commands.add_parser(
        "grade",
        help="grade what many students handed in",
        description="Grades every folder and .zip in SUBMISSIONS, each in a process of its own with limits on time, "
        "memory and instructions, and shows a table. With --out the grades are files in every format, and a run that "
        "was interrupted goes on where it was.",
    )
    grade.add_argument("submissions", metavar="SUBMISSIONS", help="a folder with a folder or .zip for each student")
    grade.add_argument(
        "--lab", metavar="N", help="grade all as this lab; else the first line of each README.md says which"
    )
    grade.add_argument("--single", action="store_true", help="SUBMISSIONS itself is one submission")
    grade.add_argument("--out", metavar="DIR", help="write the grades here, and keep results to go on from")
    grade.add_argument(
        "--format",
        dest="formats",
        metavar="NAME",
        action="append",
        choices=FORMAT_NAMES,
        help=f"only this one of {', '.join(FORMAT_NAMES)} (repeatable). Without --out it goes to standard output",
    )
    grade.add_argument("--jobs", metavar="N", type=job_count, help="how many at a time (default: one for each core)")
    grade.add_argument(
        "--executor",
        metavar="KIND",
        default="processes",
        help="processes (default), threads, dask (a cluster of this machine) or dask:ADDRESS",
    )
    grade.add_argument("--fresh", action="store_true", help="grade again what --out keeps from an earlier run")
    grade.add_argument("-q", "--quiet", action="store_true", help="no progress and no table")
