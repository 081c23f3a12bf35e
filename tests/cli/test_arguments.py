"""The argument tree: what is taken, what is refused, with which words."""

from __future__ import annotations

import pytest

from minikernel.cli.arguments import parser
from minikernel.cli.main import main


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args(argv)
    assert exit_.value.code == 2
    return capsys.readouterr().err


def test_boot_without_options_is_the_whole_story() -> None:
    args = parser().parse_args(["boot"])
    assert (args.set, args.append, args.rc, args.scene, args.flash) == ([], "", None, None, None)
    assert args.max_instructions is None
    assert not args.interactive
    assert not args.quiet


def test_every_option_of_boot_is_taken() -> None:
    argv = (
        "boot --set a=y --set b=m --append x=1 --rc r --scene s --picture p --flash f -i --json j --trace t --dmesg -"
    )
    args = parser().parse_args([*argv.split(), "--max-instructions", "5M", "-q"])
    assert args.set == [("a", "y"), ("b", "m")]
    assert (args.append, args.rc, args.scene, args.picture, args.flash) == ("x=1", "r", "s", "p", "f")
    assert (args.json, args.trace, args.dmesg) == ("j", "t", "-")
    assert args.max_instructions == 5_000_000
    assert args.interactive
    assert args.quiet


@pytest.mark.parametrize("text", ["ehci_hcd", "=y", "ehci_hcd=", "ehci_hcd=later"])
def test_setting_without_a_known_value_names_the_values(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected DRIVER=y|deferred|m|n" in refused(capsys, "boot", "--set", text)


@pytest.mark.parametrize("text", ["0", "-5", "many", "1.5", "M", ""])
def test_budget_must_be_a_positive_number(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected" in refused(capsys, "boot", f"--max-instructions={text}")


def test_command_line_must_be_one_line_of_ascii_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert "printable ASCII" in refused(capsys, "boot", "--append", "a\nb")
    assert "printable ASCII" in refused(capsys, "boot", "--append", "grün")
    assert "room for 1023" in refused(capsys, "boot", "--append", "x" * 1024)


@pytest.mark.parametrize(
    ("argv", "known"), [([], "boot the camera and tell what happens"), (["lab"], "begin a lab: make its folder")]
)
def test_where_a_command_is_missing_there_is_help(
    argv: list[str], known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert known in capsys.readouterr().err
