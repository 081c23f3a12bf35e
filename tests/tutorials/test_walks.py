"""`minikernel tutorial NN`: every step of every chapter wants something, and gets it by its own solution."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest

from minikernel.cli.main import main
from minikernel.cli.screen import PlainScreen
from minikernel.cli.tutorial import _run
from minikernel.cli.tutorial_walk import Ended, Walk, _filled
from minikernel.errors import UsageError
from minikernel.lessons.answers import Duration, Names
from minikernel.lessons.asking import Lesson
from minikernel.lessons.chapter import Chapter, chapters, read_chapter
from minikernel.lessons.progress import Progress
from minikernel.lessons.questions import find_question
from minikernel.lessons.step_checks import CHECKS
from minikernel.lessons.steps import StepOfChapter, read_steps
from minikernel.tutorials_tree import tutorials_tree

CHAPTERS = [chapter for chapter in chapters(tutorials_tree()) if read_steps(chapter)]
FIRST = CHAPTERS[0]


class Reader:
    """Types Enter, which must not be enough for a step that checks, then the step's own solution."""

    def __init__(self, chapter: Chapter, progress: Progress) -> None:
        self.chapter, self.progress = chapter, progress
        self.left: dict[str, list[str]] = {step.name: self.lines(step) for step in read_steps(chapter)}
        self.asked: list[str] = []

    def lines(self, step: StepOfChapter) -> list[str]:
        return ["", *(self.answered(line) for line in step.solution)] if step.check else [""]

    def answered(self, line: str) -> str:
        """`answer 3` with the right words behind it."""
        if not line.startswith("answer "):
            return line
        answer = find_question(self.chapter, line.split()[1]).right(Lesson())
        if isinstance(answer, Names):
            return f"{line} {', '.join(answer.values)}"
        return f"{line} {answer.value} ns" if isinstance(answer, Duration) else f"{line} {answer.value}"

    def __call__(self, prompt: str) -> str | None:
        step = self.progress.of(self.chapter.name).step
        self.asked.append(step)
        assert self.left[step], f"step {step} is not done by its solution"
        return self.left[step].pop(0)


def walk(chapter: Chapter, folder: Path, ask: object, is_plain: bool = True) -> tuple[Ended, str]:
    text = StringIO()
    ended = Walk(
        chapter, read_steps(chapter), Progress.load(folder), screen=PlainScreen(text), ask=ask,
        command=lambda words: _run(words, main), folder=folder, is_plain=is_plain,
    ).run()  # fmt: skip
    return ended, text.getvalue()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_each_step_is_done_by_its_solution_and_not_by_enter(
    chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader(chapter, Progress.load(tmp_path))
    reader.progress = progress = Progress.load(tmp_path)
    text = StringIO()
    walk = Walk(
        chapter, read_steps(chapter), progress, screen=PlainScreen(text), ask=reader,
        command=lambda words: _run(words, main), folder=tmp_path, is_plain=True,
    )  # fmt: skip
    assert walk.run() is Ended.DONE
    assert {name for name, lines in reader.left.items() if lines} == set(), "a step was done before its solution's end"
    assert [line for line in text.getvalue().splitlines() if line.startswith("error:")] == []
    assert Progress.load(tmp_path).of(chapter.name).is_done


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_chapter_has_steps_that_look_at_the_machine(chapter: Chapter) -> None:
    steps = read_steps(chapter)
    assert len(steps) >= 5
    wanted = {name for step in steps for name in step.check}
    assert wanted - {"command", "answered", "file"}, "commands alone are no facts of a machine"


def lines(*typed: str) -> object:
    left = list(typed)
    return lambda _prompt: left.pop(0) if left else None


def test_hint_again_skip_back_and_quit(tmp_path: Path) -> None:
    ended, text = walk(FIRST, tmp_path, lines("back", "hint", "hint", "hint", "again", "skip", "back", "quit"))
    assert ended is Ended.LEFT
    first = read_steps(FIRST)[0]
    hint = f"{first.hints[0]}\ntype: {first.solution[0]}\ntype: {first.solution[0]}\n"
    assert "this is the first step\n" + hint in text
    count = len(read_steps(FIRST))
    shown = [line.partition(":")[0] for line in text.splitlines() if line.startswith("step ")]
    assert shown == [f"step {n} of {count}" for n in (1, 1, 2, 1)]
    assert text.endswith("your place is kept\n")


def test_the_place_is_kept_and_the_machine_is_as_it_was_left(tmp_path: Path) -> None:
    walk(FIRST, tmp_path, lines("skip", "p/x $pc", "until start_kernel", "until iommu_init"))
    assert json.loads((tmp_path / "tutorial.json").read_text())["01-first-boot"]["step"] == "not-zero"
    _, text = walk(FIRST, tmp_path, lines("p/x $pc", "until iommu_init", "fin"))
    assert "step 3 of " in text and "step 2 of " not in text
    assert "= 0xc0025000" in text  # where the step before has left it
    assert "done: -19 is -ENODEV" in text


def test_restart_gives_the_machine_as_the_step_began_with_it(tmp_path: Path) -> None:
    typed = ("skip", "si 100", "p/x $pc", "restart", "p/x $pc", "skip", "si 3", "restart", "p/x $pc")
    _, text = walk(FIRST, tmp_path, lines(*typed))
    values = [line for line in text.splitlines() if re.fullmatch(r"(\$\d+ )?= 0x\w+.*", line)]
    assert len(values) == 4  # with the one of the skipped step's solution
    assert "0x80008000" not in values[0]
    assert "= 0x80008000" in values[1] and "= 0x80008000" in values[2]
    assert "= 0xc0025000" in values[3]


def test_what_the_reader_gets_wrong_is_told_and_the_walk_goes_on(tmp_path: Path) -> None:
    typed = ("boot", "minikernel boot --set x", "minikernel tutorial", "skip", "frobnicate", "until nowhere", "help")
    _, text = walk(FIRST, tmp_path, lines(*typed))
    assert "error: a command here begins with `minikernel`" in text
    assert "not yet: `minikernel boot` has failed" in text
    assert "error: this is the tutorial already" in text
    assert "error: no command 'frobnicate'" in text
    assert "error: no symbol 'nowhere'" in text
    assert "  hint    the next hint of this step" in text


# --- as a command -----------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "minikernel", "tutorial", "01"]


def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"MINIKERNEL_STATE": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}


def test_lines_of_a_pipe_are_shown_behind_the_prompt(tmp_path: Path) -> None:
    run = subprocess.run(
        [*COMMAND, "--plain"], input="hint\nquit\n", capture_output=True, text=True, env=environment(tmp_path),
        cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "\n$ hint\nthe command is `minikernel boot`, without options\n$ quit\n" in run.stdout


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_ctrl_c_and_ctrl_d_leave_cleanly(tmp_path: Path, key: bytes) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(COMMAND, stdin=slave, stdout=slave, stderr=slave, env=environment(tmp_path))
    os.close(slave)
    try:
        seen = b""
        while b"$ " not in seen.rpartition(b"\n")[2]:
            seen += os.read(master, 4096)
        time.sleep(1)  # readline waits for the next key; a signal just before that wait would stay unseen
        if key == b"\x03":
            process.send_signal(signal.SIGINT)
        else:
            os.write(master, key)
        assert process.wait(30) == 0
        seen += os.read(master, 4096)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert b"Traceback" not in seen
    assert b"your place is kept" in seen


# --- steps.toml -------------------------------------------------------------------------------------------------------

GOOD = '[[step]]\nname = "a"\ntitle = "A"\ntext = "Do."\n'


@pytest.mark.parametrize(
    "text, message",
    [
        (GOOD + "chek = {}\n", "step 1: unknown key 'chek'; did you mean 'check'?"),
        (GOOD.replace('"Do."', '""'), "step 1 has no text"),
        (GOOD + GOOD, "two steps are called 'a'"),
        (GOOD + "check = { milestones = 1 }\n", "step 1: no check 'milestones'; did you mean 'milestone'?"),
        (GOOD + "check = { went_back = true }\n", "step 1: a step that checks has hints and a solution"),
        (GOOD + 'at = "sea"\n', "step 1: 'sea' is not a valid At"),
        (GOOD + "boot = { speed = 1 }\n", "step 1: Boot.__init__() got an unexpected keyword argument 'speed'"),
        (GOOD + "x", "steps.toml: "),
    ],
)
def test_a_wrong_steps_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "README.md").write_text("# X\n")
    (tmp_path / "steps.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_steps(read_chapter(tmp_path))
    assert message in str(caught.value)


def test_every_check_says_what_it_wants_with_an_example() -> None:
    assert all(check.__doc__ for check in CHECKS.values())


def test_prose_fills_the_screen_and_commands_stay_on_their_line() -> None:
    """A line of steps.toml may be longer than the screen, and was cut in the middle of a word."""
    text = "Look at a function that is\nneeded once, and go on:\n\n    minikernel boot --set ehci_hcd=y\n\nThen ask."
    expected = ["Look at a function that", "is needed once, and go", "on:", "", "    minikernel boot --set ehci_hcd=y"]
    assert _filled(text, 24) == [*expected, "", "Then ask."]
