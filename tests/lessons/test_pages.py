"""The machinery that keeps chapters true: taken apart, run, compared, written anew."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from minikernel.errors import SourceError, UsageError
from minikernel.lessons.chapter import Chapter, PartKind, chapters, find_chapter, parse_parts, read_chapter
from minikernel.lessons.console import exchanges, split_pipe
from minikernel.lessons.excerpt import is_excerpt, renewed
from minikernel.lessons.quotes import quote
from minikernel.lessons.refresh import refreshed, run_chapter
from minikernel.lessons.runner import Ran
from minikernel.toolchain.guest_tree import guest_tree

PAGE = """# A page

Prose.

```console
$ minikernel count 3
one
two
three
$ minikernel count 9 > numbers
$ cat numbers | grep -n i
5:five
6:six
8:eight
9:nine
$ minikernel count 99
minikernel: error: I count to nine
```

```text
# save as notes/first.txt
hello
```

```python
from pathlib import Path
print(Path("notes/first.txt").read_text(), end="")
word = "kept"
```

```text
hello
```

```python
assert word == "kept"
```

```arm
@ guest/kernel/main.s: set_system_state
FUNC set_system_state
...
ENDFUNC set_system_state
```
"""

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def count(words: Sequence[str]) -> int:
    """Stands for the command `minikernel`."""
    number = int(words[1])
    if number > len(NUMBERS):
        sys.stdout.write("minikernel: error: I count to nine\n")
        return 1
    sys.stdout.write("\n".join(NUMBERS[:number]) + "\n")
    return 0


def page(tmp_path: Path, text: str) -> Chapter:
    path = tmp_path / "page.md"
    path.write_text(text)
    return read_chapter(path)


def run(chapter: Chapter) -> tuple[Ran, ...]:
    return run_chapter(chapter, count, guest_tree())


def test_a_true_page_is_true_and_stays_as_it_is(tmp_path: Path) -> None:
    chapter = page(tmp_path, PAGE)
    ran = run(chapter)
    assert [each.part.kind.name for each in ran] == ["CONSOLE", "FILE", "PYTHON", "OUTPUT", "PYTHON", "QUOTE"]
    assert [each for each in ran if not each.is_true] == []
    assert refreshed(chapter, ran) == PAGE


@pytest.mark.parametrize(
    "true, false",
    [
        ("two\n", "zwei\n"),
        ("two\n", ""),
        ("three\n", "three\n\n"),
        ("6:six\n", "...\n7:seven\n"),
        ("```text\nhello", "```text\nhullo"),
        ("\n```text\nhello\n```\n", ""),
        ("FUNC set_system_state\n", "FUNC set_system_stat\n"),
        ("count 3\n", "count 3  # exit status 1\n"),
    ],
)
def test_a_lie_is_found(tmp_path: Path, true: str, false: str) -> None:
    assert PAGE.count(true) >= 1
    assert not all(each.is_true for each in run(page(tmp_path, PAGE.replace(true, false, 1))))


@pytest.mark.parametrize("false", [("two\n", "zwei\n"), ("5:five\n", ""), ("\n```text\nhello\n```\n", "")])
def test_refreshing_makes_a_page_true(tmp_path: Path, false: tuple[str, str]) -> None:
    chapter = page(tmp_path, PAGE.replace(*false, 1))
    assert refreshed(chapter, run(chapter)) == PAGE


def test_an_exception_of_a_block_names_the_page_and_the_line(tmp_path: Path) -> None:
    chapter = page(tmp_path, "# A page\n\n```console\n$ frobnicate\n```\n")
    with pytest.raises(SourceError, match=r"page\.md:4:1: error: 'frobnicate' is no command of a chapter"):
        run(chapter)


def test_a_block_that_is_not_closed_is_named() -> None:
    with pytest.raises(SourceError, match=r"x\.md:2:1: error: this block is never closed"):
        list(parse_parts("prose\n```console\n$ ls\n", "x.md"))


# --- excerpts ---------------------------------------------------------------------------------------------------------

WHOLE = ["at 0x10", "a 1", "b 2", "a 3", "end"]


@pytest.mark.parametrize(
    "shown, is_true",
    [
        (WHOLE, True),
        (WHOLE[:4], False),
        (WHOLE[1:], False),
        (["..."], True),
        (["...", "b 2", "..."], True),
        (["...", "b 2"], False),
        (["at 0x10", "...", "end"], True),
        (["at 0x10", "...", "a 3", "end"], True),
        (["...", "a 3", "...", "b 2", "..."], False),
        (["...", "a 1", "a 3", "..."], False),
        ([*WHOLE, "..."], True),
        (["...", "end", "...", "end"], False),
    ],
)
def test_what_may_be_left_out(shown: list[str], is_true: bool) -> None:
    assert is_excerpt(shown, WHOLE) == is_true


def test_an_excerpt_follows_its_lines_when_numbers_move() -> None:
    assert renewed(["at 0x90", "...", "b 7", "...", "end"], WHOLE) == ["at 0x10", "...", "b 2", "...", "end"]
    assert renewed(["...", "c 7", "..."], WHOLE) is None
    assert renewed(["anything"], WHOLE) == WHOLE


# --- console blocks ---------------------------------------------------------------------------------------------------


def test_what_is_typed_to_the_debugger_and_to_the_guest_is_told_from_output() -> None:
    session = "$ minikernel debug --at x\n(mk) py\n> pass\n> end\n(mk) si\n=> here\n$ minikernel boot -i\n# ls\nrc\n"
    first, second = exchanges(session.splitlines())
    assert first.typed == ("py", "pass", "end", "si")
    assert [step.head for step in first.steps] == ["$ minikernel debug --at x", "(mk) py", "(mk) si"]
    assert second.typed == ("ls",)


def test_pipes_and_comments() -> None:
    assert split_pipe("minikernel map | grep '[a|b]' > x # why") == (("minikernel", "map"), ("grep", "[a|b]", ">", "x"))
    with pytest.raises(UsageError, match="a command is missing"):
        split_pipe("minikernel map |")


# --- quotes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject, first, last",
    [
        ("kernel/main.s: set_system_state", "FUNC set_system_state", "ENDFUNC set_system_state"),
        ("kernel/initcall.s: call_initcalls", "LFUNC call_initcalls", "ENDFUNC call_initcalls"),
        ("kernel/initcall.s: initcall_levels", "initcall_levels:", "        .word   __initcall_end"),
        ("kernel/vmlinux.lds: .deferred_initcall.init",
         "        .deferred_initcall.init : AT(ADDR(.deferred_initcall.init) - LOAD_OFFSET) {", "        }"),
        ("config.toml: [kernel]", "[kernel]",
         'cmdline = "console=ttyAMA0 initcall_debug"      # used when no boot loader passes one'),
    ],
)  # fmt: skip
def test_a_quote_is_the_whole_thing(subject: str, first: str, last: str) -> None:
    lines = quote(guest_tree(), subject)
    assert (lines[0], lines[-1]) == (first, last)
    assert "\n".join(lines) in (guest_tree() / subject.partition(":")[0]).read_text()


def test_a_quote_of_nothing_names_near_things() -> None:
    with pytest.raises(UsageError, match=r"guest/kernel/main\.s has no 'start_kernl'; did you mean 'start_kernel'"):
        quote(guest_tree(), "kernel/main.s: start_kernl")
    with pytest.raises(UsageError, match=r"cannot quote guest/kernel/mian\.s: No such file"):
        quote(guest_tree(), "kernel/mian.s: start_kernel")


# --- the folder -------------------------------------------------------------------------------------------------------


def test_chapters_are_found_by_number_and_by_name(tmp_path: Path) -> None:
    for name in ("02-second", "01-first", "labs", "03-empty"):
        (tmp_path / name).mkdir()
    for name in ("01-first", "02-second", "labs"):
        (tmp_path / name / "README.md").write_text(f"# The {name}\n")
    assert [chapter.name for chapter in chapters(tmp_path)] == ["01-first", "02-second"]
    assert {find_chapter(tmp_path, name).title for name in ("2", "02", "02-second")} == {"The 02-second"}
    with pytest.raises(UsageError, match="no chapter '3'; there are 01-first, 02-second"):
        find_chapter(tmp_path, "3")


def test_output_belongs_to_the_python_block_right_before_it() -> None:
    kinds = [
        part.kind for part in parse_parts("```python\n1\n```\n\n```text\nx\n```\nwords\n```text\ny\n```\n", "x.md")
    ]
    assert [kind for kind in kinds if kind is not PartKind.PROSE] == [PartKind.PYTHON, PartKind.OUTPUT, PartKind.SHOWN]
