"""Linux's own scripts/bootgraph.pl reads the log that `--dmesg` writes, and draws every initcall in it.

The script leaves out what takes less than 1/1200 of the whole boot. So it runs twice: as it is, where every initcall
that lasts long enough must be drawn, and with that threshold at zero, where every one must.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from judges import require
from outside.bootgraph import bootgraph_script

from minikernel.cli.main import main
from minikernel.report.initcall_debug import TimedInitcall, parse_log
from minikernel.tutorials_tree import tutorials_tree

CHAPTER = tutorials_tree() / "09-measuring-a-boot"
THRESHOLD = "$threshold = $threshold2/10;"
DEFERRED = {"ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"}


@cache
def script() -> str:
    require("perl")
    found = bootgraph_script()
    if isinstance(found, str):
        if os.environ.get("MINIKERNEL_REQUIRE_JUDGES"):
            pytest.fail(found)
        pytest.skip(f"outside judge not reachable: {found}")
    return found.read_text()


@pytest.fixture(scope="module")
def dmesg(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("bootgraph") / "dmesg.txt"
    subprocess.run([sys.executable, "-m", "minikernel", "boot", "-q", "--dmesg", path], check=True)
    return path.read_text()


def drawn(program: str, log: str, folder: Path) -> list[str]:
    """The names that stand in the SVG, in the order they were drawn."""
    (folder / "bootgraph.pl").write_text(program)
    run = subprocess.run(
        ["perl", folder / "bootgraph.pl"], input=log, capture_output=True, text=True, check=True, cwd=folder
    )
    assert run.stderr == ""
    return re.findall(r"<text [^>]*>([A-Za-z_]\w*)</text>", run.stdout)


def names(calls: Iterable[TimedInitcall]) -> list[str]:
    return [call.name for call in calls]


def test_unmodified_script_draws_every_initcall_it_can_show(dmesg: str, tmp_path: Path) -> None:
    calls = parse_log(dmesg)
    shown = drawn(script(), dmesg, tmp_path)
    stamps = [float(stamp) for stamp in re.findall(r"^\[ *(\d+\.\d+)\] (?:calling|initcall) ", dmesg, re.M)]
    visible_usecs = (stamps[-1] - stamps[0]) * 1e6 / 1200
    for call in calls:
        if call.usecs > visible_usecs + 2:  # the stamps are rounded to microseconds at both ends
            assert call.name in shown
    assert set(shown) <= set(names(calls))
    assert "ehci_hcd_init" in shown


def test_without_its_threshold_it_draws_all_of_them(dmesg: str, tmp_path: Path) -> None:
    assert THRESHOLD in script(), "this version of bootgraph.pl computes its threshold in another way"
    shown = drawn(script().replace(THRESHOLD, "$threshold = 0;"), dmesg, tmp_path)
    calls = names(parse_log(dmesg))
    assert sorted(shown) == sorted(calls)
    assert set(shown) >= DEFERRED


def test_the_command_of_chapter_09_draws_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = (CHAPTER / "README.md").read_text()
    (boot,) = re.findall(r"^\$ minikernel (boot .*--dmesg before\.txt)$", shown, re.M)
    (draw,) = re.findall(r"^(perl bootgraph\.pl before\.txt) > before\.svg$", shown, re.M)
    (tmp_path / "bootgraph.pl").write_text(script())
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(boot)) == 0
    svg = subprocess.run(shlex.split(draw), check=True, capture_output=True, text=True).stdout
    assert "<svg" in svg and "ehci_hcd_init" in svg
