"""Debian's kmod reads our modules: modinfo, depmod and modprobe see what we say about them, and agree with our lists.

Compared with kmod 30; modules.dep byte for byte, order included.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from gnu_binutils import run
from judges import require

from minikernel.elf.module_file import ModuleFile
from minikernel.errors import LinkError
from minikernel.toolchain.assembler import assemble_text
from minikernel.toolchain.build import SYMVERS, Build, build
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.depmod import module_lists
from minikernel.toolchain.examples import with_examples
from minikernel.toolchain.generated import KERNEL_RELEASE
from minikernel.toolchain.modpost import Module, modpost
from minikernel.toolchain.relocatable import link_relocatable
from minikernel.toolchain.script import LinkerScript

AS_MODULES = ("usbcore", "mtd", "physmap", "flashfs", "camera", "ehci_hcd", "uhci_hcd", "usb_storage")


@dataclass(frozen=True)
class Installed:
    """A build and the root directory in which its modules lie as a distribution installs them."""

    made: Build
    root: Path

    def path(self, name: str) -> Path:
        return self.root / "lib/modules" / KERNEL_RELEASE / name


def install(root: Path, files: Mapping[str, bytes]) -> Path:
    """lib/modules/RELEASE below `root` with these files, and the two lists of built-in modules depmod asks for."""
    folder = root / "lib/modules" / KERNEL_RELEASE
    folder.mkdir(parents=True)
    for name, data in {"modules.builtin": b"", "modules.builtin.modinfo": b"", **files}.items():
        (folder / name).write_bytes(data)
    return folder


def depmod(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    require("depmod")
    return subprocess.run(["depmod", *options, "-b", str(root), KERNEL_RELEASE], capture_output=True, text=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    require("depmod", "modinfo", "modprobe")
    root = tmp_path_factory.mktemp("root")
    cache = BuildCache(root / "cache")
    config = BuildConfig.load(dict.fromkeys(AS_MODULES, "m"))
    made = with_examples(build(config, cache=cache), cache)
    files = {f"{name}.ko": data for name, data in made.modules.items()}
    install(root, {**files, "modules.order": made.files["modules.order"], SYMVERS: made.files[SYMVERS]})
    return Installed(made, root)


@pytest.fixture(scope="module")
def by_depmod(installed: Installed) -> subprocess.CompletedProcess[str]:
    kernel_only = [line for line in installed.made.files[SYMVERS].decode().splitlines() if "\tvmlinux\t" in line]
    symvers = installed.root / "kernel.symvers"
    symvers.write_text("".join(f"{line}\n" for line in kernel_only))
    return depmod(installed.root, "-e", "-E", str(symvers))


def test_depmod_finds_every_symbol_and_agrees_with_every_version(
    by_depmod: subprocess.CompletedProcess[str],
) -> None:
    assert (by_depmod.returncode, by_depmod.stderr) == (0, "")


@pytest.mark.usefixtures("by_depmod")
def test_modules_dep_is_depmod_s(installed: Installed) -> None:
    assert installed.path("modules.dep").read_bytes() == installed.made.files["modules.dep"]


@pytest.mark.usefixtures("by_depmod")
def test_modules_symbols_has_the_aliases_of_depmod_s(installed: Installed) -> None:
    theirs = installed.path("modules.symbols").read_text().splitlines()
    mine = installed.made.files["modules.symbols"].decode().splitlines()
    assert mine[0] == theirs[0] and sorted(mine) == sorted(theirs) and len(mine) > 5


def test_modinfo_reads_the_fields_we_wrote(installed: Installed) -> None:
    for name, data in installed.made.modules.items():
        module, path = ModuleFile.from_bytes(data), str(installed.path(f"{name}.ko"))
        for key in {key for key, _ in module.info if key not in ("parm", "parmtype")}:
            printed = run(installed.root, "modinfo", "-F", key, path).stdout.splitlines()
            assert printed == [value for known, value in module.info if known == key], (name, key)
        assert module.get("vermagic") == f"{KERNEL_RELEASE} SMP mod_unload modversions ARMv7 p2v8 "
        printed = run(installed.root, "modinfo", "-F", "parm", path).stdout
        for parameter in module.parameters:
            assert f"{parameter.name}:{parameter.description}" in printed


@pytest.mark.usefixtures("by_depmod")
def test_modprobe_would_load_what_we_say_in_our_order(installed: Installed) -> None:
    rows = dict(line.split(":") for line in installed.made.files["modules.dep"].decode().splitlines())
    no_config = installed.root / "modprobe.d"  # not the machine's own, which may have softdeps
    no_config.mkdir()
    command = ("modprobe", "-C", str(no_config), "-d", str(installed.root), "-S", KERNEL_RELEASE, "--show-depends")
    for name in installed.made.modules:
        shown = run(installed.root, *command, name).stdout
        loads = [Path(line.split()[1]).name for line in shown.splitlines()]
        assert loads == [*reversed(rows[f"{name}.ko"].split()), f"{name}.ko"]


# --- dependency graphs ------------------------------------------------------------------------------------------------


def linked_modules(uses: Mapping[str, list[str]]) -> dict[str, bytes]:
    """A .ko for each module; it exports a symbol of its own name and imports those of the modules it uses."""
    modules = [Module(name, f"{name}.o", assemble_text(source_of(name, wanted)), {}) for name, wanted in uses.items()]
    sources = modpost({}, modules).sources
    script = LinkerScript.parse("SECTIONS { __ksymtab 0 : { *(SORT(___ksymtab+*)) } }")
    return {
        f"{module.name}.ko": link_relocatable(
            [(module.object_name, module.obj), ("mod.o", assemble_text(sources[module.name]))], script
        ).to_bytes()
        for module in modules
    }


def source_of(name: str, wanted: list[str]) -> str:
    calls = "".join(f"        bl print_{other}\n" for other in wanted)
    return f"""
        .syntax unified
        .arm
        .section .modinfo, "a", %progbits
        .asciz  "license=GPL"
        .section __ksymtab_strings, "a", %progbits
__kstrtab: .asciz "print_{name}"
        .section ___ksymtab+print_{name}, "a", %progbits
__ksymtab_print_{name}:
        .word   print_{name}, __kstrtab, 0
        .text
        .global print_{name}
print_{name}:
        push    {{lr}}
{calls}        pop     {{pc}}
"""


@pytest.mark.parametrize("seed", range(12))
def test_depmod_agrees_about_any_graph_without_cycles(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    names = [f"m{number}" for number in range(chance.randint(2, 14))]
    chance.shuffle(names)
    uses = {name: chance.sample(names[:at], chance.randint(0, min(at, 4))) for at, name in enumerate(names)}
    listed = list(uses)
    chance.shuffle(listed)
    files = linked_modules({name: uses[name] for name in listed})
    lists = module_lists(files)
    folder = install(tmp_path, {**files, "modules.order": lists["modules.order"]})
    done = depmod(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (folder / "modules.dep").read_bytes() == lists["modules.dep"]


#: Who calls whom in kmod's own test modules mod-loop-a to mod-loop-k.
LOOPS = {
    "a": "bfg",
    "b": "cfg",
    "c": "a",
    "d": "e",
    "e": "d",
    "f": "",
    "g": "",
    "h": "i",
    "i": "j",
    "j": "hk",
    "k": "h",
}


def cycles(text: str) -> set[tuple[str, ...]]:
    """Every `Cycle detected` line as its modules, turned so that the smallest name comes first."""
    found = set()
    for line in text.splitlines():
        if "Cycle detected: " in line:
            names = line.split("Cycle detected: ")[1].split(" -> ")[:-1]
            first = names.index(min(names))
            found.add((*names[first:], *names[:first]))
    return found


def test_cycles_are_named_as_depmod_names_them(tmp_path: Path) -> None:
    files = linked_modules({f"mod_loop_{one}": [f"mod_loop_{other}" for other in LOOPS[one]] for one in LOOPS})
    with pytest.raises(LinkError) as caught:
        module_lists(files)
    mine = str(caught.value).splitlines()
    assert "Cycle detected: mod_loop_d -> mod_loop_e -> mod_loop_d" in mine
    assert mine[-1] == "Found 9 modules in dependency cycles!" and len(mine) == 5
    install(tmp_path, files)
    done = depmod(tmp_path)
    assert done.returncode != 0 and mine[-1] in done.stderr
    assert cycles(str(caught.value)) == cycles(done.stderr)
