"""Where the guest's sources are: guest/ beside the package in a checkout, `minikernel/_guest` in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from minikernel.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent.parent


def guest_tree() -> Path:
    """The directory with kernel/, drivers/, user/, include/ and config.toml. Raises UsageError when neither exists."""
    for candidate in (_PACKAGE / "_guest", _PACKAGE.parent / "guest"):  # only a wheel has _guest
        if (candidate / "config.toml").is_file():
            return candidate
    raise UsageError(f"no guest sources: looked for guest/config.toml beside {_PACKAGE} and for {_PACKAGE / '_guest'}")
