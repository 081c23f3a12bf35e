"""Terminal and pipe show the same characters; only a terminal gets escapes."""

from __future__ import annotations

import io

import pytest

from minikernel.cli.screen import STYLES, PlainScreen, Span, TerminalScreen, open_screen, text_of

LINE = (Span("  1.000 ms", "time"), Span("  foo_init  ", "name"), Span("-19", "failed"), Span("   "))


def terminal(width: int = 80, no_color: bool = False) -> tuple[TerminalScreen, io.StringIO]:
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, no_color=no_color, color_system="standard")
    return TerminalScreen(console), out


def test_pipe_gets_plain_text() -> None:
    out = io.StringIO()
    PlainScreen(out).line(LINE)
    assert out.getvalue() == "  1.000 ms  foo_init  -19\n"


def test_terminal_gets_colour_and_the_same_characters() -> None:
    from rich.text import Text

    screen, out = terminal()
    screen.line(LINE)
    assert "\x1b[" in out.getvalue()
    assert Text.from_ansi(out.getvalue()).plain.rstrip() == text_of(LINE)


def test_no_color_takes_the_colours_away() -> None:
    screen, out = terminal(no_color=True)
    screen.line((Span("x", "ok"),))
    assert "32" not in out.getvalue()


def test_long_line_is_not_cut() -> None:
    screen, out = terminal(width=80)
    screen.line((Span("x" * 100),))
    assert out.getvalue().count("x") == 100


def test_markup_and_escapes_in_guest_text_are_only_characters() -> None:
    screen, out = terminal()
    screen.line((Span("[bold]x[/bold] :smile:"),))
    assert "[bold]x[/bold] :smile:" in out.getvalue()


def test_every_style_is_known_to_rich() -> None:
    from rich.style import Style

    for style in STYLES.values():
        Style.parse(style)


def test_stream_that_is_no_terminal_gets_the_plain_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    screen = open_screen(io.StringIO())
    assert isinstance(screen, PlainScreen)
    assert screen.width == 80
