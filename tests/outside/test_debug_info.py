"""Line tables before their judges: GNU as -g has the same lines, binutils and gdb read ours as we do."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from gnu_binutils import run
from judges import require
from outside.qemu import Qemu

from minikernel.elf.constants import SectionFlag
from minikernel.elf.image import Image
from minikernel.elf.line_table import LineTable
from minikernel.elf.object_file import ObjectFile, strip_debug
from minikernel.toolchain.assembler import assemble
from minikernel.toolchain.build import Build, build
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.units import Unit, example_units, kernel_units, module_units, user_units

MODULE = "ehci_hcd"


@dataclass(frozen=True)
class Made:
    """A build with one module, and the directory that it was written to."""

    build: Build
    directory: Path

    @property
    def image(self) -> Image:
        return Image.from_bytes(self.build.image)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    directory = tmp_path_factory.mktemp("build")
    config = BuildConfig.load({MODULE: "m"})
    return Made(build(config, directory / "out", BuildCache(directory / "cache")), directory / "out")


# --- GNU as -g --------------------------------------------------------------------------------------------------------


def units() -> list[Unit]:
    """Every way in which a source of the guest is assembled."""
    config = BuildConfig.load()
    deferred = [unit for unit in kernel_units(config) if unit.defsyms]
    as_modules = [Unit(unit.source, unit.folders, (("MODULE", 1),)) for unit in deferred]
    return [*kernel_units(config), *as_modules, *module_units(config), *user_units(config), *example_units(config)]


def code_addresses(obj: ObjectFile) -> dict[str, int]:
    """An address for each section of code, far apart."""
    code = [section.name for section in obj.sections if section.flags & SectionFlag.EXECINSTR]
    return {name: number << 20 for number, name in enumerate(code, 1)}


def line_of_each_word(obj: ObjectFile, addresses: dict[str, int], tree: Path) -> dict[tuple[str, int], str]:
    """(section, offset) -> file:line; files relative to the tree."""
    table = LineTable.from_module(obj, addresses)
    lines = {}
    for name, base in addresses.items():
        for offset in range(0, obj.section(name).size, 4):
            place = table.line_at(base + offset)
            if place is not None:
                lines[name, offset] = str(place).removeprefix(f"{tree}/")
    return lines


@pytest.mark.parametrize("unit", units(), ids=lambda unit: f"{unit.source}{''.join(f',{d}' for d, _ in unit.defsyms)}")
def test_each_word_of_code_has_the_line_that_gnu_as_gives_it(tmp_path: Path, unit: Unit) -> None:
    require("arm-none-eabi-as")
    tree = BuildConfig.load().tree
    folders = [tree / folder for folder in unit.folders]
    options = [word for folder in folders for word in ("-I", str(folder))]
    options += [word for name, value in unit.defsyms for word in ("--defsym", f"{name}={value}")]
    run(tmp_path, "arm-none-eabi-as", "-g", *options, "-o", "theirs.o", str(tree / unit.source))
    theirs = ObjectFile.from_bytes((tmp_path / "theirs.o").read_bytes())
    mine = assemble(tree / unit.source, folders, dict(unit.defsyms), tree, debug=True)
    addresses = code_addresses(mine)
    assert line_of_each_word(mine, addresses, tree) == line_of_each_word(theirs, addresses, tree)


# --- binutils read ours -----------------------------------------------------------------------------------------------

_FILE = re.compile(r"(?:CU: )?(?:\./)?(\S+):(?:\[\+\+\])?$")
_ROW = re.compile(r"\S+ +(\d+|-) +(0x[0-9a-f]+|0)(?: +(x)?)?$")

Rows = set[tuple[str, int, int, bool]]
"""(last part of the file's name, line, address, is a statement): what objdump prints of a row."""


def rows_of_objdump(path: Path) -> Rows:
    printed = run(path.parent, "arm-none-eabi-objdump", "--dwarf=decodedline", path.name)
    assert printed.stderr == ""
    rows: Rows = set()
    file = "?"
    for line in printed.stdout.splitlines():
        if head := _FILE.match(line):
            file = PurePosixPath(head[1]).name
        elif (row := _ROW.match(line)) and row[1] != "-":
            rows.add((file, int(row[1]), int(row[2], 16), row[3] == "x"))
    return rows


def rows_of_ours(table: LineTable) -> Rows:
    return {(PurePosixPath(row.file).name, row.line, row.addr, row.is_statement) for row in table.rows}


@pytest.mark.parametrize("name", ["vmlinux", "init"])
def test_objdump_reads_the_rows_of_an_image_as_we_do(made: Made, name: str) -> None:
    require("arm-none-eabi-objdump")
    table = LineTable.from_image(Image.from_bytes(made.build.files[name], name))
    rows = rows_of_objdump(made.directory / name)
    assert len(rows) > 300
    discarded = {row for row in rows if row[2] < 0x1000}  # .exit.text, which counts from 0
    assert rows - discarded == rows_of_ours(table)


def test_objdump_reads_the_rows_of_a_module_as_we_do(made: Made) -> None:
    require("arm-none-eabi-objdump")
    obj = ObjectFile.from_bytes(made.build.modules[MODULE])
    code = [section.name for section in obj.sections if section.flags & SectionFlag.EXECINSTR]
    ours = {row for name in code for row in rows_of_ours(LineTable.from_module(obj, {name: 0}))}
    rows = rows_of_objdump(made.directory / f"{MODULE}.ko")
    assert rows == ours and len(rows) > 50


@pytest.mark.parametrize("name", ["vmlinux", "init", f"{MODULE}.ko", "kernel/initcall.o"])
def test_readelf_has_nothing_to_complain_of(made: Made, name: str) -> None:
    require("arm-none-eabi-readelf")
    dumps = "info,abbrev,aranges,Ranges,rawline,decodedline,frames"
    assert run(made.directory, "arm-none-eabi-readelf", f"--debug-dump={dumps}", name).stderr == ""


def test_each_function_has_an_entry_with_its_place_and_size(made: Made) -> None:
    require("arm-none-eabi-readelf")
    printed = run(made.directory, "arm-none-eabi-readelf", "--debug-dump=info", "vmlinux").stdout
    fields = (r"DW_AT_name +: (\S+)", r"DW_AT_external +: [01]", r"DW_AT_low_pc +: (\S+)", r"DW_AT_high_pc +: (\S+)")
    entries = re.findall(r"\s+<\w+> +".join(fields), printed)
    image = made.image
    code = {section.name for section in image.sections if section.flags & SectionFlag.EXECINSTR}
    functions = {(s.name, s.value, s.size) for s in image.symbols if s.kind == 2 and s.size and s.section in code}
    assert functions == {(name, int(low, 16), int(size, 0)) for name, low, size in entries if int(low, 16)}


# --- gdb --------------------------------------------------------------------------------------------------------------


def gdb(directory: Path, *commands: str) -> str:
    require("gdb-multiarch")
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(
        ["gdb-multiarch", "-q", "-nx", "-batch", *words], cwd=directory, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


def line_number(made: Made, file: str, text: str) -> int:
    """The only line of a guest source that holds the text."""
    lines = (made.build.config.tree / file).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.strip().startswith(text)]
    return number


def test_gdb_knows_the_line_of_a_function(made: Made) -> None:
    line = line_number(made, "kernel/initcall.s", "FUNC do_one_initcall") + 1
    addr = made.image.address("do_one_initcall")
    printed = gdb(made.directory, "file vmlinux", "info line do_one_initcall")
    assert f'Line {line} of "kernel/initcall.s" starts at address {addr:#x} <do_one_initcall>' in printed


def test_gdb_lists_the_source_of_a_function(made: Made) -> None:
    printed = gdb(made.directory, "file vmlinux", f"directory {made.build.config.tree}", "list do_one_initcall")
    assert "FUNC do_one_initcall" in printed


def test_gdb_breaks_at_a_line_once_even_where_a_literal_has_the_same(made: Made) -> None:
    line = line_number(made, "kernel/initcall.s", "ldr     r4, =__con_initcall_start")
    table = LineTable.from_image(made.image)
    (addr,) = table.addresses("initcall.s", line)
    printed = gdb(made.directory, "file vmlinux", f"break initcall.s:{line}")
    assert f"Breakpoint 1 at {addr:#x}: file kernel/initcall.s, line {line}." in printed


def test_gdb_puts_a_breakpoint_on_a_function_at_its_first_instruction(made: Made) -> None:
    addr = made.image.address("do_one_initcall")
    assert f"Breakpoint 1 at {addr:#x}" in gdb(made.directory, "file vmlinux", "break do_one_initcall")


def test_gdb_and_we_give_the_same_lines_to_addresses_all_over_the_kernel(made: Made) -> None:
    image = made.image
    table = LineTable.from_image(image)
    rows = [row for row in table.rows if row.is_statement][::97]
    printed = gdb(made.directory, "file vmlinux", *(f"info line *{row.addr:#x}" for row in rows))
    assert len(rows) > 50
    for row, line in zip(rows, printed.splitlines(), strict=True):
        assert line.startswith(f'Line {row.line} of "{row.file}"'), line


def test_gdb_places_a_module_where_it_was_loaded(made: Made) -> None:
    base = 0xBF00_0000
    table = LineTable.from_module(ObjectFile.from_bytes(made.build.modules[MODULE]), {".text": base})
    row = table.rows[7]
    load = f"add-symbol-file {MODULE}.ko {base:#x}"
    printed = gdb(made.directory, "file vmlinux", "set confirm off", load, f"info line *{row.addr:#x}")
    assert f'Line {row.line} of "drivers/{MODULE}.s"' in printed


RETURN = 0xE12F_FF1E


@pytest.fixture
def halted_qemu(made: Made) -> Iterator[int]:
    """The port on which QEMU, halted before the first instruction of vmlinux, serves a debugger."""
    require("qemu-system-arm", "gdb-multiarch")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with Qemu(made.directory / "vmlinux", ["-S", "-gdb", f"tcp:127.0.0.1:{port}"]):
        yield port


def test_gdb_finds_the_callers_even_where_a_function_has_dropped_its_frame(made: Made, halted_qemu: int) -> None:
    image = made.image
    function = image.symbol("_printk")
    (leave,) = [
        addr
        for addr in range(function.value, function.value + function.size, 4)
        if int.from_bytes(image.read(addr, 4), "little") == RETURN
    ]
    stops = [f"*{addr:#x}" for addr in (function.value, leave - 4, leave)]
    commands = ["file vmlinux", f"target remote 127.0.0.1:{halted_qemu}", "break do_one_initcall", "continue", "delete"]
    for stop in stops:
        commands += [f"break {stop}", "continue", "delete", "echo STOP\\n", "backtrace"]
    printed = gdb(made.directory, *commands, "kill")
    _, *traces = [re.findall(r"^#\d+ .*?(\w+) \(\) at", part, re.M) for part in printed.split("STOP\n")]
    callers = ["trace_initcall_start", "do_one_initcall", "call_initcalls"]
    assert [trace[1:4] for trace in traces] == [callers] * 3, printed


# --- what is loaded ---------------------------------------------------------------------------------------------------


def test_the_initial_file_system_holds_the_module_without_line_numbers(made: Made) -> None:
    module = made.build.modules[MODULE]
    assert strip_debug(module) in made.build.initramfs
    assert module not in made.build.initramfs and b".debug_line" not in made.build.initramfs


def test_no_path_of_this_machine_is_in_the_build(made: Made) -> None:
    for name in ("vmlinux", "init", f"{MODULE}.ko"):
        data = made.build.files[name]
        assert str(made.build.config.tree).encode() not in data and str(made.directory).encode() not in data
