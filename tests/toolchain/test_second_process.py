"""A second process shares the work, and what it leaves undone is left to the first."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from minikernel.errors import SourceError
from minikernel.toolchain import build as build_module
from minikernel.toolchain import second_process
from minikernel.toolchain.build import build
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.toolchain.second_process import SecondProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only where os.fork is safe")


def answer(second: SecondProcess) -> bytes | None:
    """What the second process says, and its end."""
    file = second.from_second.take()
    second.wait()
    if file is None:
        return None
    with file:
        return file.read()


def test_every_piece_is_done_once() -> None:
    second = SecondProcess(200, lambda second: second.from_second.put(bytes(second.tickets())))
    first = list(second.tickets())
    done = answer(second)
    assert done is not None
    assert sorted([*first, *done]) == list(range(200))


def test_each_takes_what_the_other_has_put() -> None:
    def work(second: SecondProcess) -> None:
        file = second.from_first.take()
        assert file is not None
        second.from_second.put(file.read() + b" and back")

    second = SecondProcess(0, work)
    large = b"there" * 100_000  # more than a pipe holds
    second.from_first.put(large)
    assert answer(second) == large + b" and back"


def test_a_second_process_that_dies_has_nothing_to_say(capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(SecondProcess(3, lambda second: second.from_second.put(bytes(1 // 0)))) is None
    assert answer(SecondProcess(3, lambda second: os.kill(os.getpid(), signal.SIGKILL))) is None
    assert capfd.readouterr() == ("", "")


def test_a_second_process_is_not_left_behind() -> None:
    said: list[object] = []
    second = SecondProcess(200, lambda second: said.append(second.from_first.take()))
    second.wait()  # without a message
    with pytest.raises(ChildProcessError):
        os.waitpid(second.pid, os.WNOHANG)


def test_no_file_stays_open() -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    second = SecondProcess(2, lambda second: second.from_second.put(b"done"))
    second.from_first.put(b"")
    assert answer(second) == b"done"
    SecondProcess(2, lambda second: None).wait()
    assert sorted(Path("/proc/self/fd").iterdir()) == before


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Says whether builds have a second process."""
    return lambda worth_it: monkeypatch.setattr(build_module, "is_worth_it", lambda: worth_it)


def test_a_build_is_the_same_with_a_second_process(tmp_path: Path, shared: Callable[[bool], None]) -> None:
    shared(False)
    alone = build(BuildConfig.load(), cache=BuildCache(tmp_path / "alone"))
    shared(True)
    together = build(BuildConfig.load(), cache=BuildCache(tmp_path / "together"))
    assert dict(together.files) == dict(alone.files)
    assert list(together.files) == list(alone.files)
    for folder in ("builds", "objects"):
        kept = [sorted(path.name for path in (tmp_path / name / folder).iterdir()) for name in ("alone", "together")]
        assert kept[0] == kept[1]


@pytest.mark.parametrize("step", ["make_files", "find_warnings"])
def test_a_build_whose_second_process_dies_is_made_by_the_first(
    tmp_path: Path, shared: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first, usual = os.getpid(), getattr(build_module, step)
    made_by_first = []

    def dies_in_the_second(*args: object) -> object:
        if os.getpid() != first:
            os.kill(os.getpid(), signal.SIGKILL)
        made_by_first.append(step)
        return usual(*args)

    shared(True)
    monkeypatch.setattr(build_module, step, dies_in_the_second)
    called: list[str] = []
    cache = BuildCache(tmp_path)
    made = build(BuildConfig.load(), cache=cache, meanwhile=lambda: called.append("meanwhile"))
    assert made_by_first == [step] and called == ["meanwhile"]
    assert dict(made.files) == dict(build(BuildConfig.load()).files)
    assert build(BuildConfig.load(), cache=cache).was_cached


def test_a_build_is_made_where_there_is_no_room_to_hand_anything_over(
    tmp_path: Path, shared: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared(True)
    full: list[IO[bytes]] = []

    def full_disk() -> IO[bytes]:
        full.append(Path("/dev/full").open("r+b"))  # noqa: SIM115 - as TemporaryFile, closed by the mailbox
        return full[-1]

    with monkeypatch.context() as patch:
        patch.setattr(second_process.tempfile, "TemporaryFile", full_disk)
        made = build(BuildConfig.load(), cache=BuildCache(tmp_path))
    assert len(full) == 2
    assert dict(made.files) == dict(build(BuildConfig.load()).files)


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
