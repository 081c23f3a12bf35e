"""Where the guest's sources are: guest/ beside the package in a checkout, `minikernel/_guest` in an installed wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from minikernel.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent.parent
_instead: ContextVar[Path | None] = ContextVar("another guest tree", default=None)


def guest_tree() -> Path:
    """The directory with kernel/, drivers/, user/, include/ and config.toml. Raises UsageError when neither exists."""
    other = _instead.get()
    if other is not None:
        return other
    for candidate in (_PACKAGE / "_guest", _PACKAGE.parent / "guest"):  # only a wheel has _guest
        if (candidate / "config.toml").is_file():
            return candidate
    raise UsageError(f"no guest sources: looked for guest/config.toml beside {_PACKAGE} and for {_PACKAGE / '_guest'}")


@contextmanager
def another_tree(tree: Path) -> Iterator[None]:
    """Inside, guest_tree() is `tree`: the kernel of a lab, say."""
    token = _instead.set(tree)
    try:
        yield
    finally:
        _instead.reset(token)
