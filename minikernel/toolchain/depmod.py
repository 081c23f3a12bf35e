"""depmod: who must be loaded before whom, in the words of kmod's modules.dep, modules.symbols and modules.order.

modprobe reads modules.dep: a line for each module, after the colon everything it needs, the last to be loaded first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from minikernel.elf.module_file import ModuleFile
from minikernel.errors import LinkError
from minikernel.toolchain.modpost import module_name

_SYMBOLS_HEAD = "# Aliases for symbols, used by symbol_request().\n"


def module_lists(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The lists for .ko files by name, in that order; none for no files. Raises LinkError for a cycle, ImageError."""
    if not files:
        return {}
    modules = {name: ModuleFile.from_bytes(data, name) for name, data in files.items()}
    needs = direct_dependencies(modules)
    return {
        "modules.dep": _dep_text(needs).encode(),
        "modules.symbols": _symbols_text(modules).encode(),
        "modules.order": "".join(f"{name}\n" for name in files).encode(),
    }


def direct_dependencies(modules: Mapping[str, ModuleFile]) -> dict[str, tuple[str, ...]]:
    """file -> the files whose exports it imports, in order of its imports; what nobody exports is the kernel's."""
    owners = {export.name: file for file, module in modules.items() for export in module.exports}
    needs = {}
    for file, module in modules.items():
        names = [name for name, _ in module.versions] or [wanted.name for wanted in module.imports]
        found = dict.fromkeys(owners[name] for name in names if name in owners)
        found.pop(file, None)
        needs[file] = tuple(found)
    return needs


def load_rank(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """file -> rank; whoever needs another has the smaller rank. Raises LinkError naming every cycle.

    Among several possible orders this is depmod's: from the modules that nobody needs, the latest found goes on first.
    """
    users = dict.fromkeys(needs, 0)
    for wanted in needs.values():
        for file in wanted:
            users[file] += 1
    ready = [file for file, count in users.items() if count == 0]
    rank: dict[str, int] = {}
    while ready:
        file = ready.pop()
        rank[file] = len(rank)
        for wanted_file in needs[file]:
            users[wanted_file] -= 1
            if users[wanted_file] == 0:
                ready.append(wanted_file)
    if len(rank) < len(needs):
        raise LinkError("\n".join(_cycle_lines({file: needs[file] for file in needs if file not in rank})))
    return rank


def all_needed(file: str, needs: Mapping[str, Sequence[str]], rank: Mapping[str, int]) -> list[str]:
    """Everything `file` needs, directly or not: the last one is to be loaded first."""
    found: dict[str, None] = {}
    waiting = list(needs[file])
    while waiting:
        wanted = waiting.pop()
        if wanted not in found:
            found[wanted] = None
            waiting += needs[wanted]
    return sorted(found, key=rank.__getitem__)


def _dep_text(needs: Mapping[str, Sequence[str]]) -> str:
    rank = load_rank(needs)
    rows = (f"{file}:" + "".join(f" {wanted}" for wanted in all_needed(file, needs, rank)) for file in needs)
    return "".join(f"{row}\n" for row in rows)


def _symbols_text(modules: Mapping[str, ModuleFile]) -> str:
    rows = (
        f"alias symbol:{export.name} {_name(file)}\n" for file, module in modules.items() for export in module.exports
    )
    return _SYMBOLS_HEAD + "".join(rows)


def _name(file: str) -> str:
    return module_name(file.removesuffix(".ko"))


def _cycle_lines(rest: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """One line for each cycle, in kmod's words; a cycle is told once, from the member that stands first in `rest`."""
    needs = {file: [wanted for wanted in wanted_files if wanted in rest] for file, wanted_files in rest.items()}
    members: set[str] = set()
    for cycle in _cycles(needs):
        members.update(cycle)
        yield "Cycle detected: " + " -> ".join(map(_name, (*cycle, cycle[0])))
    yield f"Found {len(members)} modules in dependency cycles!"


def _cycles(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """The cycles that a walk in depth finds; each edge is walked once, so there are fewer of them than edges."""
    done: set[str] = set()
    for start in needs:
        if start in done:
            continue
        path = [start]
        edges = [iter(needs[start])]
        while path:
            wanted = next(edges[-1], None)
            if wanted is None:
                done.add(path.pop())
                edges.pop()
            elif wanted in path:
                yield tuple(path[path.index(wanted) :])
            elif wanted not in done:
                path.append(wanted)
                edges.append(iter(needs[wanted]))
