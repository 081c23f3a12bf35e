"""Grades one submission: a folder with what a student made of a lab."""

from __future__ import annotations

from pathlib import Path

from minikernel.labs.lab import Lab
from minikernel.labs.report import LabReport


def grade_folder(lab: Lab, folder: Path, submission: str) -> LabReport:
    """The report of the checks of `lab` on `folder`, known by the name `submission`.

    Never raises for what a student did: that is in the report. Raises SourceError for a lab that is wrong itself.
    """
    raise NotImplementedError
