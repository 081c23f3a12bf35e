"""Where the user's progress and history are kept: the system's state folder; MINIKERNEL_STATE names another."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "MINIKERNEL_STATE"


def state_folder() -> Path:
    """The folder; it need not exist yet."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("minikernel", appauthor=False)
