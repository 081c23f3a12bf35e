"""config.toml and overrides: what a build is told, and how a mistake is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikernel.errors import SourceError, UsageError
from minikernel.toolchain import guest_tree
from minikernel.toolchain.config import BuildConfig, DriverSetting

GOOD = """\
[kernel]
cmdline = "quiet"       # a comment with gic in it
[link]
kernel = ["head", "main"]
[drivers]
uart = "y"
usb = "deferred"
gone = "n"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("kernel/head.s", "kernel/main.s", "drivers/uart.s", "drivers/usb.s"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    (tmp_path / "config.toml").write_text(GOOD)
    return tmp_path


def test_order_and_values_are_the_file_s(tree: Path) -> None:
    config = BuildConfig.load(tree=tree)
    assert config.kernel == ("head", "main") and config.cmdline == "quiet"
    assert list(config.drivers.items()) == [
        ("uart", DriverSetting.BUILT_IN),
        ("usb", DriverSetting.DEFERRED),
        ("gone", DriverSetting.LEFT_OUT),
    ]


def test_an_override_changes_the_value_and_not_the_order(tree: Path) -> None:
    config = BuildConfig.load({"usb": "m", "uart": "n"}, tree)
    assert list(config.drivers.items())[:2] == [("uart", "n"), ("usb", "m")]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ubs": "y"}, "unknown driver 'ubs'; did you mean 'usb'?; known: uart, usb, gone"),
        ({"usb": "yes"}, "usb=yes: expected one of y, deferred, m, n"),
    ],
)
def test_a_wrong_override_is_a_usage_error(tree: Path, overrides: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        BuildConfig.load(overrides, tree)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("old", "new", "first_line"),
    [
        ('usb = "deferred"', 'usb = "later"', "7:1: error: driver usb = 'later': expected one of y, deferred, m, n"),
        ('usb = "deferred"', "usb = 1", "7:1: error: driver usb = 1: expected one of y, deferred, m, n"),
        ('usb = "deferred"', 'ubs = "y"', "7:1: error: no source guest/drivers/ubs.s; did you mean 'usb'?"),
        ('"main"', '"mian"', "4:20: error: no source guest/kernel/mian.s; did you mean 'main'?"),
        ("[drivers]", "[driver]", "5:2: error: unknown table 'driver'; did you mean 'drivers'?"),
        ("cmdline", "cmd_line", "2:1: error: unknown key of [kernel] 'cmd_line'; did you mean 'cmdline'?"),
        ('"quiet"', "quiet", "2:11: error: Invalid value"),
        ('["head", "main"]', '"head"', "1:2: error: expected a list of names of sources of guest/kernel"),
        ('"quiet"', "7", "2:1: error: expected a text"),
    ],
)
def test_a_wrong_file_is_reported_at_its_line(tree: Path, old: str, new: str, first_line: str) -> None:
    (tree / "config.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(SourceError) as caught:
        BuildConfig.load(tree=tree)
    assert str(caught.value).splitlines()[0] == f"guest/config.toml:{first_line}"


def test_the_guest_tree_of_this_checkout_is_found() -> None:
    assert (guest_tree() / "kernel").is_dir() and BuildConfig.load().tree == guest_tree()


def test_examples_are_listed_and_stay_out_of_the_build(tree: Path) -> None:
    (tree / "modules").mkdir()
    (tree / "modules/hello.s").write_text("")
    config = tree / "config.toml"
    config.write_text(GOOD + '[modules]\nexamples = ["hello"]\n')
    assert BuildConfig.load(tree=tree).examples == ("hello",)
    for bad, message in (
        ('examples = ["hallo"]', "no source guest/modules/hallo.s; did you mean 'hello'?"),
        ('examples = ["hello", "hello"]', "a second module 'hello'"),
        ('examples = "hello"', "expected a list of names of sources of guest/modules"),
        ("exmples = []", "unknown key of [modules] 'exmples'; did you mean 'examples'?"),
    ):
        config.write_text(GOOD + f"[modules]\n{bad}\n")
        with pytest.raises(SourceError) as caught:
            BuildConfig.load(tree=tree)
        assert caught.value.message == message


def test_an_example_may_not_be_called_as_a_driver(tree: Path) -> None:
    (tree / "modules").mkdir()
    (tree / "modules/uart.s").write_text("")
    (tree / "config.toml").write_text(GOOD + '[modules]\nexamples = ["uart"]\n')
    with pytest.raises(SourceError, match="a second module 'uart'"):
        BuildConfig.load(tree=tree)
