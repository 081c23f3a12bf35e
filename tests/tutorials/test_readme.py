"""README's blocks run: its Python as printed, its console commands as the command line would."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from minikernel.cli.main import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def console_commands() -> list[str]:
    """The `$ minikernel ...` lines, without their comments."""
    lines = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.join(shlex.split(line, comments=True)) for line in lines]


def test_the_first_two_shell_blocks_are_one_line_each() -> None:
    first, second = blocks("sh")[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert "minikernel boot" in first
    assert "pytest" in second


def test_console_commands_work_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holiday.ppm").write_bytes(b"P6\n# a holiday\n4 2\n255\n" + bytes(range(24)))
    for command in console_commands():
        program, *arguments = shlex.split(command)
        assert program == "minikernel"
        if "-i" not in arguments:  # tests/cli types into that one
            assert main(arguments) == 0, command
    assert (tmp_path / "out.ppm").read_bytes() == (tmp_path / "holiday.ppm").read_bytes()
    assert {"summary.json", "trace.jsonl", "dmesg.txt"} <= {path.name for path in tmp_path.iterdir()}


def test_a_student_s_first_lab_goes_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIKERNEL_STATE", str(tmp_path / "state"))
    lines = [shlex.split(line, comments=True) for line in blocks("sh")[2].splitlines()]
    for program, *arguments in lines:
        if program == "cd":
            monkeypatch.chdir(arguments[0])
        else:
            assert main(arguments) == (1 if arguments == ["lab", "check"] else 0), arguments
    printed = capsys.readouterr().out
    assert "0 of 10 points" in printed and "hints seen" in printed


@pytest.mark.parametrize("text", blocks("python"))
def test_python_block_works(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(text, "README.md", "exec"), {})
    assert "deferred_initcalls" in capsys.readouterr().out


@pytest.mark.parametrize(
    "page", sorted([ROOT / "README.md", *(ROOT / "tutorials").rglob("*.md")]), ids=lambda p: p.name
)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_file_named_in_the_glossary_exists() -> None:
    text = (ROOT / "tutorials/glossary.md").read_text()
    named = re.findall(r"`((?:guest|minikernel)/[\w./]+)`", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
