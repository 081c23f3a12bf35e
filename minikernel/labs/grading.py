"""Grades one submission: a folder with what a student made of a lab.

grade() is the table of contents. Everything a student did wrong is in the report; what is raised is the lab's fault.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from minikernel.errors import Location, MinikernelError, SourceError, near_names
from minikernel.labs.checking import Checking, Verdict, one_line
from minikernel.labs.integrity import Change, find_changes
from minikernel.labs.lab import INTACT, CheckSpec, Lab
from minikernel.labs.layout import Linked
from minikernel.labs.report import CheckResult, LabReport, Mark, Outcome, ReportLine
from minikernel.labs.running import Kernel, Run, RunEndedError, execute
from minikernel.labs.submission import Submission, read_submission
from minikernel.labs.trees import Tree, on_disk, solution_tree, with_files
from minikernel.toolchain.build import build
from minikernel.toolchain.build_cache import BuildCache, default_cache_directory
from minikernel.toolchain.config import BuildConfig

CHECKS_FILE = "checks.py"
MAX_CHANGES = 8
MAX_LINE = 500
INTACT_SPEC = CheckSpec(INTACT, "everything that is not yours is as it was", 0, (), True)

CheckFunction = Callable[[Checking], None]


def grade_folder(lab: Lab, folder: Path, submission: str) -> LabReport:
    """The report of the checks of `lab` on `folder`, known by the name `submission`.

    Never raises for what a student did: that is in the report. Raises SourceError for a lab that is wrong itself.
    """
    return grade(lab, read_submission(lab, folder), submission)


def grade_files(lab: Lab, files: Tree, submission: str) -> LabReport:
    """The same for files that are in memory: those of a variant of the lab."""
    return grade(lab, Submission(dict(files), (), ()), submission)


def grade(lab: Lab, handed_in: Submission, submission: str) -> LabReport:
    """The report of what was handed in. Raises as grade_folder."""
    functions = load_checks(lab)
    if handed_in.problems:
        return _not_built(lab, handed_in, submission, handed_in.problems)
    with on_disk(with_files(lab, handed_in.files)) as tree:
        bench = Bench(lab, tree)
        try:
            bench.kernel({})
        except MinikernelError as error:
            return _not_built(lab, handed_in, submission, (str(error),))
        sources = {path: data.decode() for path, data in handed_in.files.items()}
        results = [_result(check, _verdict(lab, check, functions[check.name], bench, sources)) for check in lab.checks]
        results.insert(0, _result(INTACT_SPEC, _intact(bench)))
    return _report(lab, handed_in, submission, results)


# --- the parts of a report --------------------------------------------------------------------------------------------


def _not_built(lab: Lab, handed_in: Submission, submission: str, problems: tuple[str, ...]) -> LabReport:
    """Nothing could be checked."""
    problems = tuple("\n".join(_visible(line) for line in problem.split("\n")) for problem in problems)
    nothing = Verdict(Outcome.NOT_RUN, (), ())
    results = [_result(check, nothing) for check in (INTACT_SPEC, *lab.checks)]
    return replace(_report(lab, handed_in, submission, results), problems=problems)


def _visible(line: str) -> str:
    """Without characters that a terminal would obey: a message may quote a line of the student's. Tabs stay, so that a
    caret below the line stands where it should."""
    return "".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in line[:MAX_LINE])


def _report(lab: Lab, handed_in: Submission, submission: str, results: list[CheckResult]) -> LabReport:
    """The score: every check's points, and none at all when a guard does not hold."""
    if any(result.is_guard and result.outcome is not Outcome.PASSED for result in results):
        results = [replace(result, earned=0) for result in results]
    score = sum(result.earned for result in results)
    return LabReport(lab.slug, submission, score, lab.max_score, ignored=handed_in.ignored, checks=tuple(results))


def _result(check: CheckSpec, verdict: Verdict) -> CheckResult:
    earned = check.points if verdict.outcome is Outcome.PASSED else 0
    return CheckResult(
        name=check.name,
        title=check.title,
        points=check.points,
        earned=earned,
        outcome=verdict.outcome,
        looked_at=verdict.looked_at,
        lines=verdict.lines,
        is_guard=check.is_guard,
    )


def _verdict(lab: Lab, check: CheckSpec, function: CheckFunction, bench: Bench, sources: Mapping[str, str]) -> Verdict:
    if bench.changes():
        return Verdict(Outcome.NOT_RUN, (), (ReportLine(Mark.PLAIN, f"not looked at: see {INTACT!r}"),))
    return Checking(lab, sources, bench.run, lambda drivers: bench.kernel(drivers).build).verdict_of(function)


def _intact(bench: Bench) -> Verdict:
    looked_at = ("the sources, symbols and memory of everything but " + ", ".join(bench.lab.files),)
    changes = bench.changes()
    if changes:
        lines = tuple(ReportLine(Mark.BAD, one_line(change.text), change.place) for change in changes[:MAX_CHANGES])
        return Verdict(Outcome.FAILED, looked_at, lines)
    return Verdict(Outcome.PASSED, looked_at, (ReportLine(Mark.GOOD, "nothing else was changed"),))


# --- kernels and runs, each made once ---------------------------------------------------------------------------------


class _ObjectsOnly(BuildCache):
    """The user's cache for objects alone: a whole build for each of 300 submissions would push out the rest."""

    def load_build(self, key: str) -> Mapping[str, bytes] | None:
        """Never kept."""
        return None

    def store_build(self, key: str, files: Mapping[str, bytes]) -> None:
        """Nothing is kept."""


@lru_cache(maxsize=16)
def _solution(lab_folder: Path, drivers: tuple[tuple[str, str], ...]) -> Linked:
    """The solution's kernel, to compare with."""
    with on_disk(solution_tree(Lab.read(lab_folder))) as tree:
        return Linked.of(build(BuildConfig.load(dict(drivers), tree)))


class Bench:
    """The kernels and runs of one submission, whose tree is on disk at `tree`."""

    def __init__(self, lab: Lab, tree: Path) -> None:
        self.lab = lab
        self._tree = tree
        self._cache = _ObjectsOnly(default_cache_directory())
        self._kernels: dict[tuple[tuple[str, str], ...], Kernel] = {}
        self._runs: dict[str, Run | RunEndedError] = {}

    def kernel(self, drivers: Mapping[str, str]) -> Kernel:
        """The student's kernel with these settings. Raises what build() raises."""
        key = tuple(sorted(drivers.items()))
        if key not in self._kernels:
            made = build(BuildConfig.load(drivers, self._tree), cache=self._cache)
            known = BuildConfig.load({}, self._tree).drivers
            settings = tuple((name, setting.value) for name, setting in made.config.drivers.items() if name in known)
            linked, solution = Linked.of(made), _solution(self.lab.folder, settings)
            changes = find_changes(linked, solution, self.lab.files, self.lab.macro_sections)
            self._kernels[key] = Kernel(made, linked.layout, solution.layout, changes)
        return self._kernels[key]

    def run(self, name: str) -> Run:
        """The run of that name, as it stopped. Raises RunEndedError for one that stopped early."""
        if name not in self.lab.runs:
            known = near_names(name, self.lab.runs)
            raise SourceError(f"no [run.{name}]{known}", Location(f"{self.lab.slug}/lab.toml", 1))
        if name not in self._runs:
            self._runs[name] = self._execute(name)
        run = self._runs[name]
        if isinstance(run, RunEndedError):
            raise run
        run.again()
        return run

    def _execute(self, name: str) -> Run | RunEndedError:
        spec = self.lab.runs[name]
        try:
            kernel = self.kernel(spec.drivers)
            return execute(spec, kernel, self.lab.limits, self.lab.protected, self.lab.files)
        except RunEndedError as ended:
            return ended
        except MinikernelError as error:
            lines = tuple(ReportLine(Mark.PLAIN, line) for line in str(error).splitlines())
            return RunEndedError(Outcome.CRASHED, f"the run {name!r} could not begin", lines)

    def changes(self) -> tuple[Change, ...]:
        """Everything found so far to be otherwise than it was."""
        found = [change for kernel in self._kernels.values() for change in kernel.changes]
        for run in self._runs.values():
            if isinstance(run, Run):
                found += run.watch.changes()
        return tuple(dict.fromkeys(found))


# --- the lab's own functions ------------------------------------------------------------------------------------------


def load_checks(lab: Lab) -> dict[str, CheckFunction]:
    """The function of each check and guard. Raises SourceError for a checks.py that does not load or lacks one."""
    return _load_checks(lab.folder, tuple((check.name, check.function) for check in lab.checks))


@lru_cache(maxsize=64)
def _load_checks(folder: Path, functions: tuple[tuple[str, str], ...]) -> dict[str, CheckFunction]:
    path = folder / CHECKS_FILE
    name = f"{folder.name}/{CHECKS_FILE}"
    try:
        source = path.read_text(encoding="utf-8")
        code = compile(source, str(path), "exec")
    except OSError as error:
        raise SourceError(f"cannot read the checks: {error.strerror}", Location(name, 1)) from None
    except SyntaxError as error:
        at = Location(name, error.lineno or 1, error.offset or 1)
        raise SourceError(error.msg, at, (error.text or "").rstrip()) from None
    module = ModuleType(f"checks_of_lab_{folder.name.replace('-', '_')}")
    sys.modules[module.__name__] = module  # where dataclasses look for the names in annotations
    exec(code, module.__dict__)  # the lab's author is trusted; nothing of a student comes here
    found: dict[str, CheckFunction] = {}
    for check, function in functions:
        if not callable(getattr(module, function, None)):
            raise SourceError(f"no function {function}() for the check {check!r} of lab.toml", Location(name, 1))
        found[check] = getattr(module, function)
    return found
