"""What lab 09 looks at: the pages mapped in the module area, the sections of gamma.ko, what its functions answer."""

from __future__ import annotations

from minikernel.elf.module_file import ModuleFile
from minikernel.elf.object_file import Section
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.modules import AREA_END, AREA_START
from minikernel.labs.checking import Checking, Run
from minikernel.toolchain.examples import find_module, with_examples

NAME = "gamma"
CORE_PAGES = 3
STRENGTH = 0x180
VALUES = (0, 1, 50, 100, 170, 200, 255)
USED_ONCE = ("gamma_init", "gamma_build", "gamma_curve")


def check_works(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at("gamma_correct, gamma_set, gamma_name after the load; free pages after rmmod")
    before = machine.free_pages
    machine.insmod(NAME)
    curve = [(10 * value) ** 2 // 25700 for value in VALUES]
    line = [min(value * STRENGTH >> 8, 255) for value in VALUES]
    check.equal("values of the curve", _corrected(machine), curve)
    machine.call("gamma_set", STRENGTH)
    check.equal(f"values after gamma_set({STRENGTH:#x})", _corrected(machine), line)
    check.equal("name", machine.read_cstring(machine.call("gamma_name")[0]), "gamma curve of the camera")
    machine.rmmod(NAME)
    check.equal("free pages after rmmod", machine.free_pages, before)


def check_core_pages(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at("the pages mapped in the module area, before and after insmod gamma")
    before = _mapped(machine)
    machine.insmod(NAME)
    after = _mapped(machine)
    kinds = sorted(permissions for page, permissions in after.items() if page not in before)
    check.equal("permissions of gamma's pages", kinds, ["r--", "r-x", "rw-"])
    check.equal("pages", len(kinds), CORE_PAGES)


def check_init_freed(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the sections of gamma.ko and modpost's warnings about it")
    for name in USED_ONCE:
        section = _section_of(run, name)
        place = "modules/gamma.s"
        if section is None:
            check.missing(f"gamma.ko has no symbol {name}", place=place)
        elif section.startswith(".init"):
            check.good(f"{name} lies in {section}", place=place)
        else:
            check.bad(f"{name} lies in {section}, which stays: it is used at init only", place=place)
    warnings = [line for line in with_examples(run.build).warnings if NAME in line]
    check.equal("section mismatches", warnings, [])


def check_exit_text(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the sections of gamma.ko")
    check.equal(
        "gamma_exit lies in", _section_of(run, "gamma_exit") or "no section", ".exit.text", place="modules/gamma.s"
    )


def check_constant(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at("the permissions of the page that gamma_name points into")
    machine.insmod(NAME)
    address = machine.call("gamma_name")[0]
    check.equal("the name", machine.read_cstring(address), "gamma curve of the camera", place="modules/gamma.s")
    check.equal(
        f"permissions at {address:#010x}", _mapped(machine).get(address & -PAGE_SIZE), "r--", place="modules/gamma.s"
    )


def _corrected(machine: KernelMachine) -> list[int]:
    return [machine.call("gamma_correct", value)[0] for value in VALUES]


def _mapped(machine: KernelMachine) -> dict[int, str]:
    """Each mapped page of the module area and its permissions, by the page tables."""
    pages = range(AREA_START, AREA_END, PAGE_SIZE)
    found = {page: machine.permissions(page) for page in pages[:256]}
    return {page: permissions for page, permissions in found.items() if permissions and permissions != "---"}


def _section_of(run: Run, name: str) -> str | None:
    obj = ModuleFile.from_bytes(find_module(run.build.config, NAME)).obj
    section = next((symbol.section for symbol in obj.symbols if symbol.name == name), None)
    return section.name if isinstance(section, Section) else None
