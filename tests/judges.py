"""Outside judges: programs that say whether ours are right. A missing one is skipped aloud, or fails in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def require(*programs: str) -> None:
    """Skip the calling test, naming the missing programs; fail instead when MINIKERNEL_REQUIRE_JUDGES is set."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    message = "outside judge not installed: " + ", ".join(missing)
    if os.environ.get("MINIKERNEL_REQUIRE_JUDGES"):
        pytest.fail(message)
    pytest.skip(message)
