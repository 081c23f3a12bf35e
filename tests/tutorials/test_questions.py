"""Every question of every chapter: the computed answer is right in every writing, and what is near it is wrong."""

from __future__ import annotations

from functools import cache, singledispatch
from pathlib import Path

import pytest

from minikernel.cli.main import main
from minikernel.errors import UsageError
from minikernel.lessons.answers import Address, Answer, Count, Duration, Errno, Name, Names, Ratio, Size
from minikernel.lessons.asking import Lesson
from minikernel.lessons.chapter import Chapter, chapters, read_chapter
from minikernel.lessons.questions import Question, question_texts, read_questions
from minikernel.tutorials_tree import tutorials_tree

CHAPTERS = chapters(tutorials_tree())
QUESTIONS = [(chapter, each) for chapter in CHAPTERS for each in read_questions(chapter)]


@cache
def lesson() -> Lesson:
    """One for all: what questions boot is booted once."""
    return Lesson()


@singledispatch
def writings(answer: Answer) -> tuple[list[str], list[str]]:
    """Right ones, and wrong ones near them."""
    raise NotImplementedError(type(answer).__name__)


@writings.register
def _(answer: Count) -> tuple[list[str], list[str]]:
    value = answer.value
    return [f"{value}", f"{value:,}", f"{value:#x}", f"{value} {answer.unit}"], [f"{value + 1}", f"{value - 1}"]


@writings.register
def _(answer: Size) -> tuple[list[str], list[str]]:
    value = answer.value
    return [f"{value}", f"{value:,} bytes", f"{value:#x}"], [f"{value + 1}", f"{value - 1}", f"{value} K"]


@writings.register
def _(answer: Address) -> tuple[list[str], list[str]]:
    value = answer.value
    return [f"{value:#x}", f"{value:08X}"], [f"{value + 4:#x}", f"{value - 1:x}", f"{value ^ 0x40000000:#x}"]


@writings.register
def _(answer: Duration) -> tuple[list[str], list[str]]:
    value = answer.value
    wrong = [f"{value * 1.02} ns", f"{value * 0.98} ns", f"{value} us"]
    return [f"{value} ns", f"{value / 1000} us", f"{value / 1e6} ms"], wrong


@writings.register
def _(answer: Ratio) -> tuple[list[str], list[str]]:
    value = answer.value
    return [f"{value}", f"{value:.3f}x"], [f"{value * 1.02}", f"{value * 0.98}"]


@writings.register
def _(answer: Errno) -> tuple[list[str], list[str]]:
    return [f"{answer.value}", f"{answer.value & 0xFFFFFFFF:#x}"], [f"{answer.value - 1}", "1"]


@writings.register
def _(answer: Name) -> tuple[list[str], list[str]]:
    return [answer.value, f"`{answer.value}`", *answer.also], [f"{answer.value}x", answer.value[:-1]]


@writings.register
def _(answer: Names) -> tuple[list[str], list[str]]:
    together = ", ".join(answer.values)
    return [together, " ".join(answer.values)], [together + ", x", ", ".join(answer.values[1:])]


@pytest.mark.parametrize(
    "chapter, each", QUESTIONS, ids=[f"{chapter.number}-{each.number}" for chapter, each in QUESTIONS]
)
def test_the_computed_answer_is_right_and_its_neighbours_are_not(chapter: Chapter, each: Question) -> None:
    answer = each.right(lesson())
    right, wrong = writings(answer)
    assert [text for text in right if not answer.accepts(text)] == []
    assert [text for text in wrong if text and answer.accepts(text)] == []
    assert not set(right) & set(each.look_at.split()), "what to look at gives the answer away"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_chapter_has_questions_and_says_how_to_answer(chapter: Chapter) -> None:
    questions = read_questions(chapter)
    assert len(questions) >= 4
    assert [each.text for each in questions] == list(question_texts(chapter))
    assert f"minikernel tutorial answer {chapter.number} " in chapter.path.read_text()


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_checks_and_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINIKERNEL_STATE", str(tmp_path / "not" / "there"))
    assert main(["tutorial", "answer", "01", "2", "-5"]) == 1
    assert capsys.readouterr().out == "no; look at the column *returned* of level arch\n"
    assert main(["tutorial", "answer", "1", "2", "ENODEV"]) == 0
    assert capsys.readouterr().out.startswith("right; ")
    assert main(["tutorial", "answer", "01-first-boot"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines[:3]] == ["       1", " right 2", "       3"]
    assert main(["tutorial", "answer", "01", "2"]) == 0
    assert capsys.readouterr().out.startswith("2. What did `iommu_init` return?")


@pytest.mark.parametrize(
    "words, message",
    [
        (["answer"], "which chapter?"),
        (["answer", "77"], "no chapter '77'; there are 01-first-boot"),
        (["answer", "01", "99", "x"], "chapter 01-first-boot has no question '99'; its questions are 1 to "),
        (["answer", "01", "4", "many"], "'many': expected a number of bytes, as 4096, 0x1000 or 4K"),
        (["01", "02"], "expected a chapter, as `minikernel tutorial 01`"),
    ],
)
def test_what_cannot_be_asked(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tutorial", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_progress_file_that_is_not_ours_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINIKERNEL_STATE", str(tmp_path))
    for text in ("{", "[]", '{"01-first-boot": 3}', '{"01-first-boot": {"answered": 3}}'):
        (tmp_path / "tutorial.json").write_text(text)
        assert main(["tutorial"]) == 2
        assert "tutorial.json (" in capsys.readouterr().err


def test_texts_and_functions_must_be_as_many(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# X\n\n## Questions\n\n1. A?\n2. B?\n")
    (tmp_path / "questions.py").write_text("")
    with pytest.raises(UsageError, match=r"2 questions in README\.md, 0 in questions\.py"):
        read_questions(read_chapter(tmp_path))
