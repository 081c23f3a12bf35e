"""Floor 1. Where chapters and labs are: tutorials/ beside the package, or `minikernel/_tutorials` in a wheel."""

from __future__ import annotations

from pathlib import Path

from minikernel.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


def tutorials_tree() -> Path:
    """The directory with the chapters NN-topic/ and with labs/. Raises UsageError when there is none."""
    for candidate in (_PACKAGE / "_tutorials", _PACKAGE.parent / "tutorials"):  # only a wheel has _tutorials
        if (candidate / "architecture.md").is_file():
            return candidate
    raise UsageError(f"no tutorials: looked for them beside {_PACKAGE} and in {_PACKAGE / '_tutorials'}")
