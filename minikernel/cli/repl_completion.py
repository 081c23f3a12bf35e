"""What TAB offers: a list of words for the place in the line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from minikernel.cli.repl_changing import SETTINGS
from minikernel.cli.repl_dialogue import Dialogue
from minikernel.cli.repl_info import TOPICS
from minikernel.cli.repl_panes import PANES
from minikernel.cli.repl_points import HAPPENINGS
from minikernel.cli.repl_verbs import Completes, Verbs
from minikernel.debug.session import REGISTER_NUMBERS
from minikernel.elf.constants import is_mapping_symbol
from minikernel.errors import MinikernelError
from minikernel.kernel.events import ProcAccess

#: Characters at which a word begins; `-` and `/` belong to words such as last-writer.
DELIMITERS = " \t\n+*()=,<>&|~!:;"

_REGISTERS = tuple(f"${name}" for name in (*REGISTER_NUMBERS, "cpsr"))


def completions(dialogue: Dialogue, verbs: Verbs, before: str, word: str) -> list[str]:
    """Words that begin with `word`; `before` is the line in front of it."""
    line = before.split()
    if not line:
        return _matching(verbs.names, word)
    try:
        kind = verbs.find(line[0].partition("/")[0]).completes
    except MinikernelError:
        return []
    return _matching(_offered(dialogue, verbs, kind, line[1:], word), word)


def _matching(words: Iterable[str], beginning: str) -> list[str]:
    return sorted({word for word in words if word.startswith(beginning)})


def _offered(dialogue: Dialogue, verbs: Verbs, kind: Completes, line: list[str], word: str) -> Iterable[str]:
    match kind:
        case Completes.SYMBOLS:
            return symbol_words(dialogue)
        case Completes.VERBS:
            return verbs.names
        case Completes.TOPICS:
            return symbol_words(dialogue) if line else (topic.name for topic in TOPICS)
        case Completes.PANES:
            return (*PANES, "all", "none")
        case Completes.SETTINGS:
            return _settings(dialogue, line)
        case Completes.POINTS:
            return (str(point.number) for point in dialogue.dbg.stop_points)
        case Completes.CHECKPOINTS:
            return (each.name for each in dialogue.dbg.checkpoints)
        case Completes.HAPPENINGS:
            return _happenings(dialogue, line)
        case Completes.PROC:
            return _proc_names(dialogue)
        case Completes.FILES:
            return (str(path) for path in Path(word or ".").parent.glob("*"))
        case Completes.MODULES:
            return _module_names(dialogue)
    return ()


def symbol_words(dialogue: Dialogue) -> list[str]:
    """Every symbol and register."""
    symbols = (name for name in dialogue.dbg.symbols.names() if name and not is_mapping_symbol(name))
    return [*symbols, *_REGISTERS]


def _settings(dialogue: Dialogue, line: list[str]) -> Iterable[str]:
    values = {"radix": ("hex", "dec"), "panes": (*PANES, "all", "none"), "plain": ("on", "off")}
    return values.get(line[0], symbol_words(dialogue)) if line else (*SETTINGS, *_REGISTERS)


def _happenings(dialogue: Dialogue, line: list[str]) -> Iterable[str]:
    if not line:
        return HAPPENINGS
    match line[0]:
        case "initcall":
            calls = dialogue.machine.tables_at_start
            return {name for call in calls for name in (call.name, call.level)}
        case "device":
            return (region.name for region in dialogue.machine.board.regions)
        case "proc":
            return _proc_names(dialogue)
        case "module":
            return _module_names(dialogue)
        case "free":
            return symbol_words(dialogue)
    return ()


def _proc_names(dialogue: Dialogue) -> Iterable[str]:
    return {"deferred_initcalls", "meminfo", *(event.name for event in dialogue.machine.trace.of(ProcAccess))}


def _module_names(dialogue: Dialogue) -> Iterable[str]:
    try:
        return [module.name for module in dialogue.machine.modules]
    except MinikernelError:  # before the MMU is on there is no list to read
        return ()
