"""A lab as its folder describes it: lab.toml, the patches, the README, the checks. tutorials/labs/ has ours.

Everything about the format is here and in the tables below; what it means is in trees.py, running.py and grading.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from minikernel.errors import Location, SourceError, UsageError, near_names
from minikernel.labs.lab_toml import Table, TomlText
from minikernel.tutorials_tree import tutorials_tree

LAB_FILE = "lab.toml"

#: The environment variable that names a folder of more labs: a teacher's own.
OWN_LABS = "MINIKERNEL_LABS"

_SLUG = re.compile(r"(\d\d)-[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

SHELL, POWER_OFF = "shell", "power_off"


class VariantKind(StrEnum):
    """What a variant of a lab is there to show."""

    START = "start"
    SOLUTION = "solution"
    WRONG = "wrong"
    CHEAT = "cheat"


@dataclass(frozen=True)
class Limits:
    """Of one run: `instructions`, `virtual_s` of the guest's time, `console_bytes`, `events` of the trace.

    Of what one check does with a run: `check_instructions`, and the others once more. Of a whole submission, and held
    by who starts the process: `wall_s`, `memory_mb`.
    """

    instructions: int = 100_000_000
    check_instructions: int = 20_000_000
    virtual_s: int = 60
    console_bytes: int = 1_000_000
    events: int = 200_000
    wall_s: int = 60
    memory_mb: int = 1024


@dataclass(frozen=True)
class RunSpec:
    """A boot that checks share.

    until: "shell"; "power_off" tells the story (cable, download, power-off); "userspace", "first_picture" or a symbol.
    shell: lines typed afterwards, one at a time. may_oops: an oops or panic on the way is no early stop.
    """

    name: str
    drivers: Mapping[str, str] = field(default_factory=dict)
    append: str = ""
    rc: str = ""
    modules: bool = False
    until: str = SHELL
    shell: tuple[str, ...] = ()
    may_oops: bool = False


@dataclass(frozen=True)
class CheckSpec:
    """A check, or a guard: no points, but it must hold for any check to earn its own."""

    name: str
    title: str
    points: int
    hints: tuple[str, ...]
    is_guard: bool

    @property
    def function(self) -> str:
        """Its function in checks.py."""
        return "check_" + self.name.replace("-", "_")


@dataclass(frozen=True)
class Variant:
    """A way to fill the student's files, and what it is declared to score. `over`: what its patch changes.

    fails: the checks that a wrong one fails, all others pass. A start and a cheat score 0; a solution everything.
    """

    kind: VariantKind
    name: str
    why: str = ""
    fails: tuple[str, ...] = ()
    over: VariantKind = VariantKind.SOLUTION

    @property
    def title(self) -> str:
        """`wrong/forgets-work`, `start`."""
        return self.kind.value if self.kind.value == self.name else f"{self.kind.value}/{self.name}"

    @property
    def patch_name(self) -> str:
        """Its patch below the lab's folder."""
        folder = {VariantKind.WRONG: "wrong/", VariantKind.CHEAT: "cheats/"}.get(self.kind, "")
        return f"{folder}{self.name}.patch"


@dataclass(frozen=True)
class Lab:
    """One lab: `folder` is where it lies, `slug` its name (`03-use-after-init-free`).

    files: what the student edits, paths below guest/. answers: files of the student's folder that are no guest sources.
    checks: guards first, then checks, each in the order of lab.toml. protected: variables of the kernel that only their
    own source may write (besides those that always are, see watching.py). macro_sections: patterns of sections that a
    macro of the student fills in other sources too, as an initcall macro does: those may differ.
    """

    folder: Path
    slug: str
    title: str
    chapter: str
    minutes: int
    files: tuple[str, ...]
    answers: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    macro_sections: tuple[str, ...] = ()
    limits: Limits = Limits()
    runs: Mapping[str, RunSpec] = field(default_factory=dict)
    checks: tuple[CheckSpec, ...] = ()
    variants: tuple[Variant, ...] = ()

    @classmethod
    def find(cls, name: str) -> Lab:
        """A lab by its number, its slug or the path of its folder.

        Raises UsageError naming near labs, SourceError for a lab.toml that is wrong.
        """
        is_path = name not in {folder.name for folder in lab_folders()} and (Path(name) / LAB_FILE).is_file()
        return cls.read(Path(name).resolve()) if is_path else cls.named(name)

    @classmethod
    def named(cls, name: str) -> Lab:
        """A lab by its number or slug only: for a name that a student wrote. A path could bring checks of its own.

        Raises as find().
        """
        folders = {folder.name: folder for folder in lab_folders()}
        if name in folders:
            return cls.read(folders[name])
        if name.isascii() and name.isdigit():
            for slug, folder in folders.items():
                if slug[:2].isdigit() and int(slug[:2]) == int(name):
                    return cls.read(folder)
        known = ", ".join(folders) or "none"
        raise UsageError(f"no lab {name!r}{near_names(name, folders)}; there are: {known}")

    @classmethod
    def all(cls) -> tuple[Lab, ...]:
        """Every lab there is, by number: ours and those of MINIKERNEL_LABS. Raises SourceError."""
        return tuple(cls.read(folder) for folder in lab_folders())

    @classmethod
    def read(cls, folder: Path) -> Lab:
        """The lab in a folder. Raises SourceError, UsageError for a folder that is none."""
        if not (folder / LAB_FILE).is_file():
            raise UsageError(f"no lab in {folder}: it has no {LAB_FILE}")
        return _LabFile(folder).read()

    @property
    def number(self) -> int:
        """The number before its name."""
        return int(self.slug[:2])

    @property
    def max_score(self) -> int:
        """All points."""
        return sum(check.points for check in self.checks)

    @property
    def readme(self) -> str:
        """What the student is told."""
        return (self.folder / "README.md").read_text(encoding="utf-8")

    def check_named(self, name: str) -> CheckSpec:
        """One check. Raises UsageError naming near ones."""
        for check in self.checks:
            if check.name == name:
                return check
        known = [check.name for check in self.checks]
        raise UsageError(f"lab {self.slug} has no check {name!r}{near_names(name, known)}; it has: {', '.join(known)}")


def lab_folders() -> tuple[Path, ...]:
    """The folders of the labs, by number: ours, and those below the folder that MINIKERNEL_LABS names.

    One of the same name there stands in for ours. Raises UsageError when that folder is none.
    """
    places = [tutorials_tree() / "labs"]
    if named := os.environ.get(OWN_LABS):
        places.append(Path(named).resolve())
        if not places[-1].is_dir():
            raise UsageError(f"{OWN_LABS} names {named}, which is no folder")
    found = {path.parent.name: path.parent for place in places for path in sorted(place.glob(f"*/{LAB_FILE}"))}
    return tuple(found[name] for name in sorted(found))


#: The keys of each table of lab.toml; "" is the file itself. tutorials/teachers.md says what they mean.
KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "title", "chapter", "minutes", "files", "answers", "protected", "macro_sections",
        "limits", "run", "check", "guard", "wrong", "cheat",
    ),
    "limits": tuple(vars(Limits())),
    "run": ("set", "append", "rc", "modules", "until", "shell", "may_oops"),
    "check": ("name", "title", "points", "hints"),
    "guard": ("name", "title", "hints"),
    "wrong": ("name", "fails", "why", "over"),
    "cheat": ("name", "why", "over"),
}  # fmt: skip


class _LabFile:
    """Reads one lab.toml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = TomlText(folder / LAB_FILE, f"{folder.name}/{LAB_FILE}")
        self.whole = self.text.whole()

    def read(self) -> Lab:
        if not _SLUG.fullmatch(self.folder.name):
            self.whole.fail("", f"the folder {self.folder.name!r}: expected a name like 03-use-after-init-free")
        self.whole.only(KEYS[""])
        files = self._paths("files", None)
        if not files:
            self.whole.fail("files", "files: expected at least one file that the student edits")
        checks = (*self.text.tables("guard", self._guard), *self.text.tables("check", self._check))
        self._check_names(checks)
        return Lab(
            folder=self.folder,
            slug=self.folder.name,
            title=self.whole.text_of("title"),
            chapter=self.whole.text_of("chapter"),
            minutes=self.whole.number("minutes"),
            files=files,
            answers=self._paths("answers", ()),
            protected=self.whole.texts("protected", ()),
            macro_sections=self.whole.texts("macro_sections", ()),
            limits=self._limits(),
            runs={name: self._run(name) for name in self.text.content.get("run", {})},
            checks=checks,
            variants=self._variants(checks),
        )

    def _paths(self, key: str, default: tuple[str, ...] | None) -> tuple[str, ...]:
        paths = self.whole.texts(key, default)
        for path in paths:
            parts = PurePosixPath(path)
            if parts.is_absolute() or ".." in parts.parts or parts.as_posix() != path or not path or "\\" in path:
                self.whole.fail(path, f"{key}: expected a plain path with slashes like drivers/x.s, found {path!r}")
            if paths.count(path) > 1:
                self.whole.fail(path, f"{key}: {path!r} twice")
        return paths

    def _limits(self) -> Limits:
        table = self.text.table("limits")
        defaults = Limits()
        table.only(KEYS["limits"])
        return Limits(**{key: table.number(key, default) for key, default in vars(defaults).items()})

    def _run(self, name: str) -> RunSpec:
        table = self.text.table("run", name)
        table.only(KEYS["run"])
        return RunSpec(
            name=name,
            drivers=table.mapping("set"),
            append=table.text_of("append", ""),
            rc=table.text_of("rc", ""),
            modules=table.flag("modules"),
            until=table.text_of("until", SHELL),
            shell=table.texts("shell", ()),
            may_oops=table.flag("may_oops"),
        )

    def _check(self, table: Table) -> CheckSpec:
        table.only(KEYS["check"])
        hints = table.texts("hints")
        if not hints or not all(hint.strip() for hint in hints):
            table.fail("hints", "hints: expected at least one, and none empty")
        return CheckSpec(self._name(table), table.text_of("title"), table.number("points"), hints, False)

    def _guard(self, table: Table) -> CheckSpec:
        table.only(KEYS["guard"])
        return CheckSpec(self._name(table), table.text_of("title"), 0, table.texts("hints", ()), True)

    def _name(self, table: Table) -> str:
        name = table.text_of("name")
        if not _NAME.fullmatch(name):
            table.fail(name, f"name = {name!r}: expected small letters and digits with - between")
        return name

    def _check_names(self, checks: tuple[CheckSpec, ...]) -> None:
        if not any(check.points for check in checks):
            self.whole.fail("", "expected at least one [[check]]")
        names = [check.name for check in checks]
        for name in names:
            if names.count(name) > 1 or name == INTACT:
                why = "is the engine's own" if name == INTACT else "twice"
                self.text.fail(name, f"check {name!r} {why}", 0, len(self.text.lines))

    def _variants(self, checks: tuple[CheckSpec, ...]) -> tuple[Variant, ...]:
        known = [check.name for check in checks]

        def over(table: Table) -> VariantKind:
            return VariantKind(table.one_of("over", ("start", "solution"), "solution"))

        def wrong(table: Table) -> Variant:
            table.only(KEYS["wrong"])
            fails = table.texts("fails")
            for each in fails:
                if each not in known:
                    table.fail(each, f"fails: no check {each!r}{near_names(each, known)}")
            if not fails:
                table.fail("fails", "fails: expected the check that it is wrong on")
            return Variant(VariantKind.WRONG, self._name(table), table.text_of("why"), fails, over(table))

        def cheat(table: Table) -> Variant:
            table.only(KEYS["cheat"])
            return Variant(VariantKind.CHEAT, self._name(table), table.text_of("why"), (), over(table))

        declared = (*self.text.tables("wrong", wrong), *self.text.tables("cheat", cheat))
        titles = [variant.title for variant in declared]
        for variant in declared:
            if not (self.folder / variant.patch_name).is_file():
                self.text.fail(variant.name, f"no file {variant.patch_name}", 0, len(self.text.lines))
            if titles.count(variant.title) > 1:
                self.text.fail(variant.name, f"{variant.title} twice", 0, len(self.text.lines))
        self._refuse_undeclared(declared)
        return (Variant(VariantKind.START, "start"), Variant(VariantKind.SOLUTION, "solution"), *declared)

    def _refuse_undeclared(self, declared: tuple[Variant, ...]) -> None:
        names = {variant.patch_name for variant in declared}
        for folder in ("wrong", "cheats"):
            for path in sorted((self.folder / folder).glob("*.patch")):
                name = f"{folder}/{path.name}"
                if name not in names:
                    raise SourceError(f"lab.toml does not say what {name} is there for", Location(self.text.name, 1))


INTACT = "intact"
"""The guard that every lab has (integrity.py, watching.py)."""
