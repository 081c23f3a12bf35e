"""`minikernel lab autograder N -o FILE.zip`: the zip that Gradescope asks for."""

from __future__ import annotations

import argparse

from minikernel.cli.files import STDOUT, write_file
from minikernel.labs.grader.gradescope_zip import autograder_zip
from minikernel.labs.lab import Lab


def autograder_command(args: argparse.Namespace) -> int:
    """Writes the zip of `args.lab` to `args.output`."""
    lab = Lab.find(args.lab)
    write_file(args.output, autograder_zip(lab))
    if args.output != STDOUT:
        print(f"{args.output}: the autograder of lab {lab.slug}. Set the assignment to {lab.max_score} points.")
    return 0
