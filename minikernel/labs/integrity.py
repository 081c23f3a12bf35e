"""Is everything that is not the student's still what it was? What a build alone can tell.

A check trusts the kernel round the student's files: its code, its names, its tables. So whatever a student's file can
do to the others at build time is looked for here, and compared with the lab's solution, built with the same settings:

  * the others' sources must assemble to the same sections and symbols (a changed macro or constant shows there);
  * each of their sections must lie in the image, alone at its place, loaded where its address says;
  * each of their symbols must mean their own bytes: not moved by the linker script, not taken by a stronger one;
  * what they refer to must be defined by whom it was defined;
  * the student's functions must be the student's, and no names for other code;
  * no name of theirs may be used a second time: the host looks symbols up by name, and names events by symbols;
  * modules and the init program that are not the student's must be the same.

What this cannot exclude, and a check's author must not trust: what the student's own script or file defines (take the
address of another object's symbol, or compare with memory), numbers of a header that is the student's, and whatever
code of the student does when it runs. watching.py looks at that, as far as one can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from minikernel.elf.constants import SymbolBinding, SymbolKind
from minikernel.elf.image import ABS_SECTION, Image
from minikernel.elf.object_file import ABS, ObjectFile, Section, Symbol
from minikernel.labs.layout import GENERATED, SCRIPT, Layout, Linked, source_of
from minikernel.toolchain.build import Build
from minikernel.toolchain.units import Unit, kernel_units, module_units

VERSIONS = "__versions"
LINKER_SCRIPT = "the linker script"


@dataclass(frozen=True)
class Change:
    """Something that is not as it was; `place` is a source file where one is to blame or concerned."""

    text: str
    place: str = ""


def find_changes(
    student: Linked, solution: Linked, files: Collection[str], macro_sections: Collection[str] = ()
) -> tuple[Change, ...]:
    """What differs in `student`, besides the student's `files`, from the solution built with the same settings.

    macro_sections: patterns of sections whose contents a macro of the student decides, in every source.
    """
    made, reference = student.build, solution.build
    changes = tuple(_changed_objects(made, reference, files, macro_sections))
    if changes:
        return changes  # the rest would only repeat them
    names = _Names(student.layout, solution.layout, files, macro_sections)
    return (
        *names.misplaced(),
        *names.overlapping(),
        *names.moved(),
        *names.captured(),
        *names.duplicated(),
        *names.borrowed(Image.from_bytes(made.image)),
        *names.entered_elsewhere(made, reference),
        *_changed_modules(made, reference, files),
        *_changed_program(made, reference, files),
    )


# --- objects ----------------------------------------------------------------------------------------------------------


def _units(made: Build) -> dict[str, Unit]:
    program = [Unit(source_of(name)) for name in made.objects if name.startswith("user/")]  # the tree may be gone
    units = (*kernel_units(made.config), *module_units(made.config), *program)
    return {unit.object_name: unit for unit in units}


def _changed_objects(
    made: Build, reference: Build, files: Collection[str], macro_sections: Collection[str]
) -> Iterator[Change]:
    before, after = _units(reference), _units(made)
    for name, unit in before.items():
        if unit.source in files:
            continue
        if name not in after:
            yield Change(f"{unit.source} is no longer part of the build", unit.source)
        elif after[name] != unit:
            yield Change(f"{unit.source} is built with other settings", unit.source)
        elif made.files[name] != reference.files[name]:
            old, new = (ObjectFile.from_bytes(each.files[name], name) for each in (reference, made))
            difference = _difference(old, new, macro_sections)
            if difference:
                yield Change(f"{unit.source} no longer assembles to the same: {difference}", unit.source)
    for name, unit in after.items():
        if name not in before and unit.source not in files:
            yield Change(f"{unit.source} is part of the build, and was not", unit.source)


def _difference(old: ObjectFile, new: ObjectFile, macro_sections: Collection[str] = ()) -> str:
    """In words, the first thing that differs; debug information may, and sections with these names."""
    before, after = (_comparable(obj, macro_sections) for obj in (old, new))
    for (name, first), (_, second) in zip(before, after, strict=False):
        if first != second:
            return f"its {name}"
    return "" if len(before) == len(after) else "it has other sections"


def _is_named(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _comparable(obj: ObjectFile, macro_sections: Collection[str]) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        (
            f"section {section.name}",
            (
                (section.name, section.type, section.flags, section.addralign),
                (bytes(section.data), section.nobits_size),
                tuple((each.offset, each.type, _identity(each.symbol)) for each in section.relocations),
            ),
        )
        for section in obj.sections
        if not section.is_debug and not _is_named(section.name, macro_sections)
    ]
    symbols = sorted(
        _identity(symbol)
        for symbol in obj.symbols
        if not _is_of_debug(symbol) and not _is_named(symbol.section.name, macro_sections)
    )
    return [*rows, ("symbols", symbols)]


def _identity(symbol: Symbol) -> tuple[str, str, int, int, int, int, int]:
    where = symbol.section.name
    return symbol.name, where, symbol.value, symbol.size, symbol.kind, symbol.binding, symbol.visibility


def _is_of_debug(symbol: Symbol) -> bool:
    return isinstance(symbol.section, Section) and symbol.section.is_debug


# --- places and names -------------------------------------------------------------------------------------------------


class _Names:
    """The link of a student's kernel beside that of the solution's."""

    def __init__(
        self, layout: Layout, reference: Layout, files: Collection[str], macro_sections: Collection[str]
    ) -> None:
        self.layout = layout
        self.macro_sections = macro_sections
        self.reference = reference
        self.files = files
        self.has_script = SCRIPT in files
        self.students = {name for name in layout.objects if source_of(name) in files}
        self.others = [name for name in layout.objects if name not in self.students]

    def misplaced(self) -> Iterator[Change]:
        """A section of theirs that is not in the image, or is loaded away from its address."""
        placed = {(piece.object_name, piece.index): piece for piece in self.layout.pieces}
        for piece in self.reference.pieces:
            if piece.object_name not in self.others or piece.object_name in GENERATED:
                continue
            if _is_named(piece.name, self.macro_sections):
                continue
            found = placed.get((piece.object_name, piece.index))
            source = source_of(piece.object_name)
            if found is None:
                yield Change(f"section {piece.name} of {source} is left out of the image", SCRIPT)
            elif found.addr - found.lma != self.reference.load_offset:
                yield Change(f"section {piece.name} of {source} is loaded away from its address", SCRIPT)

    def overlapping(self) -> Iterator[Change]:
        """Two pieces at one address, or loaded to one place."""
        for start in ("addr", "lma"):
            pieces = sorted(self.layout.pieces, key=lambda piece: getattr(piece, start))
            for one, two in pairwise(pieces):
                if getattr(one, start) + one.size > getattr(two, start):
                    what = f"{two.name} of {source_of(two.object_name)} and {one.name} of {source_of(one.object_name)}"
                    yield Change(f"{what} lie at one place", SCRIPT)
        for output in self.layout.state.outputs:
            if output.is_kept and output.is_allocated:
                for offset, size, _ in output.data_at:
                    found = self.layout.piece_at(output.addr + offset)
                    if size and found is not None:
                        yield Change(f"a number is written over {found.name} of {source_of(found.object_name)}", SCRIPT)

    def moved(self) -> Iterator[Change]:
        """A global of theirs that means something else than their own bytes."""
        state = self.layout.state
        for name in self.others:
            for symbol in self.layout.named(name):
                if symbol.binding == SymbolBinding.LOCAL:
                    continue
                if symbol.name in state.script_symbols:
                    yield Change(f"{symbol.name} of {source_of(name)} is defined by {LINKER_SCRIPT}", SCRIPT)
                elif (by := state.definitions[symbol.name]).symbol is not symbol and by.file in self.students:
                    yield Change(
                        f"{symbol.name} of {source_of(name)} is taken by {source_of(by.file)}", source_of(by.file)
                    )

    def captured(self) -> Iterator[Change]:
        """A name that they use, and that was defined by somebody else than now."""
        for name in self.others:
            for symbol in self.layout.objects[name].symbols:
                if symbol.is_defined or not symbol.name:
                    continue
                now, before = _definer(self.layout, symbol.name), _definer(self.reference, symbol.name)
                both_students = now in self.students and before in self.students
                if now != before and not both_students:
                    text = f"{symbol.name}, used by {source_of(name)}, is defined by {_shown(now)}"
                    yield Change(f"{text}, not by {_shown(before)}", _place(now))

    def duplicated(self) -> Iterator[Change]:
        """A name of theirs that the student's sources or script use too."""
        owners: dict[str, str] = {}
        constants: dict[str, set[int]] = {}
        for name in self.others:
            for symbol in self.layout.named(name):
                if symbol.section is ABS:
                    constants.setdefault(symbol.name, set()).add(symbol.value)
                else:
                    owners.setdefault(symbol.name, name)
        for name in sorted(self.students):
            known = {symbol.name for symbol in self._before(name)}
            for symbol in self.layout.named(name):
                if symbol.name in known:
                    continue
                if symbol.name in owners:
                    yield Change(_twice(symbol.name, source_of(name), owners[symbol.name]), source_of(name))
                elif symbol.name in constants and (
                    symbol.section is not ABS or {symbol.value} != constants[symbol.name]
                ):
                    values = ", ".join(f"{value:#x}" for value in sorted(constants[symbol.name]))
                    yield Change(
                        f"{symbol.name} is {values} in the kernel; {source_of(name)} makes it another", source_of(name)
                    )
        if self.has_script:
            for script_name in self.layout.state.script_symbols:
                if script_name in owners and script_name not in self.reference.state.script_symbols:
                    yield Change(_twice(script_name, LINKER_SCRIPT, owners[script_name]), SCRIPT)

    def borrowed(self, image: Image) -> Iterator[Change]:
        """A function or object of the student's that is only a name for something else: a number, others' code."""
        for name in self.reference.objects:
            if source_of(name) not in self.files:
                continue
            for symbol in self._before(name):
                found = image.get(symbol.name)
                if symbol.kind not in (SymbolKind.FUNC, SymbolKind.OBJECT) or symbol.section is ABS or found is None:
                    continue
                piece = None if found.section == ABS_SECTION else self.layout.piece_at(found.value)
                if piece is None or piece.object_name not in self.students:
                    where = "no place of a source" if piece is None else source_of(piece.object_name)
                    yield Change(f"{symbol.name} is only a name for {found.value:#010x}, {where}", source_of(name))

    def _before(self, name: str) -> Iterator[Symbol]:
        return self.reference.named(name) if name in self.reference.objects else iter(())

    def entered_elsewhere(self, made: Build, reference: Build) -> Iterator[Change]:
        """The first instruction is another one."""
        now, before = (_entry(layout, build) for layout, build in ((self.layout, made), (self.reference, reference)))
        if now != before and (now is None or now[0] not in self.students):
            where = "nowhere" if now is None else f"{now[1]}+{now[2]:#x} of {source_of(now[0])}"
            yield Change(f"the kernel begins at {where}", SCRIPT)
        elif now is not None and now[0] in self.students and before is not None and before[0] not in self.students:
            yield Change(f"the kernel begins in {source_of(now[0])}", source_of(now[0]))


def _definer(layout: Layout, name: str) -> str:
    """The object that defines a global, "" for the script, "-" for nobody."""
    if name in layout.state.script_symbols:
        return ""
    found = layout.state.definitions.get(name)
    return "-" if found is None else found.file


def _shown(definer: str) -> str:
    return {"": LINKER_SCRIPT, "-": "nobody"}.get(definer) or source_of(definer)


def _place(definer: str) -> str:
    return {"": SCRIPT, "-": ""}[definer] if definer in ("", "-") else source_of(definer)


def _twice(name: str, by: str, owner: str) -> str:
    return f"{by} has a symbol {name!r}, which is the name of something in {source_of(owner)}: choose another name"


def _entry(layout: Layout, made: Build) -> tuple[str, str, int] | None:
    entry = Image.from_bytes(made.image).entry
    for piece in layout.pieces:
        if piece.lma <= entry < piece.lma + piece.size:
            return piece.object_name, piece.name, entry - piece.lma
    return None


# --- modules and the program ------------------------------------------------------------------------------------------


def _changed_modules(made: Build, reference: Build, files: Collection[str]) -> Iterator[Change]:
    """A module that is not the student's: what it imports may have another CRC, the rest not another bit."""
    for name, before in reference.modules.items():
        source = f"drivers/{name}.s"
        after = made.modules.get(name)
        if source in files or after == before or after is None:
            continue
        old, new = (_without_versions(ObjectFile.from_bytes(data, f"{name}.ko")) for data in (before, after))
        difference = _difference(old, new)
        if difference:
            yield Change(f"the module {name}.ko of {source} is no longer the same: {difference}", source)


def _without_versions(obj: ObjectFile) -> ObjectFile:
    sections = [section for section in obj.sections if section.name != VERSIONS]
    symbols = [
        each for each in obj.symbols if not (isinstance(each.section, Section) and each.section.name == VERSIONS)
    ]
    return ObjectFile(sections, symbols, obj.flags)


def _changed_program(made: Build, reference: Build, files: Collection[str]) -> Iterator[Change]:
    if any(path.startswith("user/") for path in files) or made.files.get("init") == reference.files.get("init"):
        return
    now, before = (Image.from_bytes(build.files["init"], "init") for build in (made, reference))
    if (now.entry, now.segments) != (before.entry, before.segments):
        yield Change("the init program is no longer the same", "user/init.s")
