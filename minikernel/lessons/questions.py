"""A chapter's questions: their texts stand in its README, below `## Questions`; questions.py computes the answers.

    @question("`minikernel initcalls`: the first table")
    def first_initcall(lesson: Lesson) -> Answer:
        return Name(read_tables(lesson.image)[0].name)

The functions stand in the order of the README's numbers. What @question says is what to look at, for one who was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from minikernel.errors import UsageError
from minikernel.lessons.answers import Answer
from minikernel.lessons.asking import Lesson
from minikernel.lessons.chapter import Chapter, PartKind

FILE = "questions.py"
HEADING = "## Questions"

Computes = Callable[[Lesson], Answer]

_LOOK_AT = "look_at"
_NUMBERED = re.compile(r"(\d+)\. +(.*)")


@dataclass(frozen=True)
class Question:
    """`text` is the README's; `right` computes the answer."""

    number: int
    text: str
    look_at: str
    right: Computes


def question(look_at: str) -> Callable[[Computes], Computes]:
    """Marks a function of questions.py as the next question's."""

    def mark(function: Computes) -> Computes:
        setattr(function, _LOOK_AT, look_at)
        return function

    return mark


def read_questions(chapter: Chapter) -> tuple[Question, ...]:
    """The questions of a chapter, none where it has no questions.py. Raises UsageError when texts and functions differ
    in number."""
    path = chapter.folder / FILE
    if not path.is_file():
        return ()
    names: dict[str, object] = {"__name__": chapter.name, "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    functions: list[Computes] = [each for each in names.values() if callable(each) and hasattr(each, _LOOK_AT)]
    texts = question_texts(chapter)
    if len(texts) != len(functions):
        raise UsageError(f"{chapter.name}: {len(texts)} questions in {chapter.path.name}, {len(functions)} in {FILE}")
    pairs = zip(texts, functions, strict=True)
    return tuple(Question(number, text, getattr(each, _LOOK_AT), each) for number, (text, each) in enumerate(pairs, 1))


def question_texts(chapter: Chapter) -> tuple[str, ...]:
    """The numbered paragraphs below the heading."""
    prose = [line for part in chapter.parts if part.kind is PartKind.PROSE for line in part.lines]
    if HEADING not in prose:
        return ()
    texts: list[str] = []
    is_open = False
    for line in prose[prose.index(HEADING) + 1 :]:
        numbered = _NUMBERED.match(line)
        if line.startswith("#"):
            break
        if numbered:
            texts.append(numbered[2])
        elif is_open and line.strip():
            texts[-1] += " " + line.strip()
        is_open = bool(line.strip()) and bool(texts) and (numbered is not None or is_open)
    return tuple(texts)


def find_question(chapter: Chapter, number: str) -> Question:
    """By its number. Raises UsageError."""
    questions = read_questions(chapter)
    found = [each for each in questions if str(each.number) == number.strip().rstrip(".")]
    if not found:
        there_are = f"its questions are 1 to {len(questions)}" if questions else "it has none"
        raise UsageError(f"chapter {chapter.name} has no question {number!r}; {there_are}")
    return found[0]
