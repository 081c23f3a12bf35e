"""A second process shares the work, and what it leaves undone is left to the first."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from minikernel.errors import SourceError
from minikernel.toolchain import units
from minikernel.toolchain.build import build
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.toolchain.second_process import SecondProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only where os.fork is safe")


def done_by_it_alone(work: Callable[[int], bytes | None]) -> dict[int, bytes]:
    """What the second process did when the first takes nothing until it has ended."""
    second = SecondProcess(200, work)
    os.waitid(os.P_PID, second.pid, os.WEXITED | os.WNOWAIT)
    return second.finish()


def test_every_piece_is_done_once() -> None:
    second = SecondProcess(200, lambda number: b"second" * number)
    first = list(second.tickets())
    done = second.finish()
    assert sorted([*first, *done]) == list(range(200))
    assert all(data == b"second" * number for number, data in done.items())


def test_what_is_not_done_is_left_to_the_first() -> None:
    assert done_by_it_alone(lambda number: b"x" if number & 1 else None) == dict.fromkeys(range(1, 200, 2), b"x")


def test_a_second_process_that_dies_has_done_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def wrong(number: int) -> bytes:
        return bytes(1 // (number - 100))

    assert done_by_it_alone(wrong) == {}
    assert done_by_it_alone(lambda number: os.kill(os.getpid(), signal.SIGKILL)) == {}
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Says whether builds have a second process."""
    return lambda worth_it: monkeypatch.setattr(units, "is_worth_it", lambda: worth_it)


def test_a_build_is_the_same_with_a_second_process(tmp_path: Path, shared: Callable[[bool], None]) -> None:
    shared(False)
    alone = build(BuildConfig.load(), cache=BuildCache(tmp_path / "alone"))
    shared(True)
    together = build(BuildConfig.load(), cache=BuildCache(tmp_path / "together"))
    assert dict(together.files) == dict(alone.files)
    kept = [sorted(path.name for path in (tmp_path / name / "objects").iterdir()) for name in ("alone", "together")]
    assert kept[0] == kept[1]


def test_the_first_wrong_source_in_link_order_is_told(tmp_path: Path, shared: Callable[[bool], None]) -> None:
    tree = tmp_path / "guest"
    shutil.copytree(guest_tree(), tree)
    config = BuildConfig.load(tree=tree)
    first, last = config.kernel[3], config.kernel[-1]
    for name in (last, first):
        path = tree / "kernel" / f"{name}.s"
        path.write_text(path.read_text() + f"        frobnicate {name}\n")
    shared(True)
    with pytest.raises(SourceError, match="frobnicate") as caught:
        build(config, cache=BuildCache(tmp_path / "cache"))
    assert caught.value.location.file == f"kernel/{first}.s"
