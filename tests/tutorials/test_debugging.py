"""tutorials/debugging.md cannot lie: each session is run again. Addresses, times, counts and line numbers move with the
guest's sources and are not compared; everything else is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from minikernel.cli.main import main

PAGE = (Path(__file__).parents[2] / "tutorials/debugging.md").read_text()
PROMPT = "(mk) "
SESSIONS = re.findall(r"^```console\n\$ minikernel (debug[^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

#: What moves when a guest source changes, and what is compared in its place.
MOVING = (
    (r"\b0x[0-9a-f]+|\b[0-9a-f]{8}\b", "0xN"),
    (r"\[ *\d+\.\d+\]", "[T]"),
    (r"\b[\d,.]+ (ms|us)\b", r"T \1"),
    (r"\b[\d,]+ instructions", "N instructions"),
    (r"\.s:\d+", ".s:N"),
    (r"^\d+\t", "N\t"),
    (r"^(=>|  ) +\d+  ", r"\1 N "),
    (r"`goto \d+`", "`goto N`"),
    (r" +", " "),
)


def still(text: str) -> str:
    """The text without what moves."""
    for pattern, stands_for in MOVING:
        text = re.sub(pattern, stands_for, text, flags=re.MULTILINE)
    return text.rstrip()


def typed(session: str) -> list[str]:
    """The lines behind the prompts."""
    prompts = (PROMPT, "> ")
    return [line.partition(" ")[2] for line in session.splitlines() if line.startswith(prompts)]


def test_the_page_has_sessions_and_shows_the_important_verbs() -> None:
    verbs = {line.split()[0] for _, session in SESSIONS for line in typed(session) if line}
    assert {"b", "c", "bt", "fin", "rfin", "rc", "rni", "watch", "last-writer", "history", "explain", "catch"} <= verbs


@pytest.mark.parametrize("command, session", SESSIONS, ids=[command for command, _ in SESSIONS])
def test_session_is_true(
    command: str, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "session.mk").write_text("\n".join(typed(session)) + "\n")
    status = main([*shlex.split(command), "-x", "session.mk"])
    captured = capsys.readouterr()
    shown = captured.out[captured.out.index(PROMPT) :] + captured.err
    assert still(shown) == still(session)
    assert status == (1 if "session.mk:" in session else 0)
