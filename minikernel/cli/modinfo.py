"""`minikernel modinfo FILE`: what is inside a .ko, without loading it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator

from minikernel.cli.files import read_file
from minikernel.cli.screen import Line, Span, open_screen
from minikernel.cli.story import heading, plural
from minikernel.elf.constants import SectionFlag, SectionType
from minikernel.elf.module_file import ModuleExport, ModuleFile, ModuleImport, ModuleParameter

#: Letters of readelf for what a loader looks at.
FLAGS = ((SectionFlag.ALLOC, "A"), (SectionFlag.WRITE, "W"), (SectionFlag.EXECINSTR, "X"))


def modinfo_command(args: argparse.Namespace) -> int:
    """Shows every FILE; `-` is standard input. Raises OutputError, ImageError."""
    screen = open_screen(sys.stdout)
    for path in args.file:
        module = ModuleFile.from_bytes(read_file(path, "the module"), path)
        for line in module_lines(path, module, screen.width):
            screen.line(tuple(span._replace(text=visible(span.text)) for span in line))
    return 0


def visible(text: str) -> str:
    """Characters that a terminal would obey, as escapes: the text may come from anywhere."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def module_lines(path: str, module: ModuleFile, width: int) -> Iterator[Line]:
    """The whole page of one module."""
    yield heading(module.get("name") or path, _summary(module), width)
    yield from _info_lines(module.info)
    yield from _section_lines(module, width)
    yield from _parameter_lines(module.parameters, width)
    yield from _export_lines(module.exports, width)
    yield from _import_lines(module.imports, width)
    yield from _relocation_lines(module, width)


def _summary(module: ModuleFile) -> str:
    signature = f", {module.signature_size:,} of them a signature" if module.signature_size else ""
    return f"{module.size:,} bytes{signature}"


def _info_lines(info: Iterable[tuple[str, str]]) -> Iterator[Line]:
    for key, value in info:
        if key not in ("parm", "parmtype"):
            yield (Span(f"  {key + ':':<15} ", "dim"), Span(value))


def _section_lines(module: ModuleFile, width: int) -> Iterator[Line]:
    yield heading("sections", "that stay after loading, or are freed after init", width)
    relocations = {section.name: len(section.relocations) for section in module.obj.sections}
    for section in module.obj.sections:
        if not section.flags & SectionFlag.ALLOC:
            continue
        letters = "".join(letter if section.flags & flag else "-" for flag, letter in FLAGS)
        kind = "zeros" if section.type == SectionType.NOBITS else ""
        count = relocations[section.name]
        yield (
            Span(f"  {section.name:<28} {section.size:>9,} bytes  "),
            Span(f"{letters}  align {section.addralign:<4}", "dim"),
            Span(f"{plural(count, 'relocation'):>17}" if count else f"{kind:>17}", "dim"),
            Span("  freed after init" if section.name.startswith(".init") else "", "free"),
        )


def _parameter_lines(parameters: Iterable[ModuleParameter], width: int) -> Iterator[Line]:
    rows = list(parameters)
    if rows:
        yield heading("parameters", "", width)
    for row in rows:
        access = "" if row.permissions is None else f"{row.permissions:04o}"
        yield (Span(f"  {row.name:<28} {row.type:<10} {access:<6}"), Span(row.description, "dim"))


def _export_lines(exports: Iterable[ModuleExport], width: int) -> Iterator[Line]:
    rows = list(exports)
    if rows:
        yield heading("exports", "symbols for other modules", width)
    for row in rows:
        crc = "no CRC    " if row.crc is None else f"{row.crc:#010x}"
        notes = [note for note in ("GPL" if row.gpl_only else "", row.namespace) if note]
        yield (Span(f"  {row.name:<40} {crc}  "), Span(" ".join(notes), "dim"))


def _import_lines(imports: Iterable[ModuleImport], width: int) -> Iterator[Line]:
    rows = list(imports)
    if rows:
        yield heading("imports", "symbols of the kernel and of other modules", width)
    for row in rows:
        crc = "no version" if row.crc is None else f"{row.crc:#010x}"
        yield (Span(f"  {row.name:<40} {crc}  "), Span("weak" if row.is_weak else "", "dim"))


def _relocation_lines(module: ModuleFile, width: int) -> Iterator[Line]:
    counts = module.relocation_counts()
    if counts:
        yield heading("relocations", f"{counts.total()} of {plural(len(counts), 'type')}", width)
    for kind, count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        yield (Span(f"  R_ARM_{kind:<34} {count:>6,}"),)
