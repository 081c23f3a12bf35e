"""Verbs that change something: registers, memory, the board's surroundings, settings. In the past they begin a new
future, and say so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from minikernel.cli.repl_dialogue import Dialogue, Radix
from minikernel.cli.repl_looking import panes, show_value
from minikernel.cli.repl_python import run_python
from minikernel.cli.repl_verbs import Completes, Line, Verb, needed, no_arguments
from minikernel.cli.story import plural
from minikernel.errors import UsageError, near_names
from minikernel.machine.inputs import CablePlug, ConsoleInput, Input

_ASSIGNMENT = re.compile(r"(?P<target>.*?[^=<>!])\s*=(?!=)\s*(?P<value>.+)$", re.DOTALL)
_MEMORY = re.compile(r"(?:\*|(?P<size>byte|half|word)\s*(?=\())\s*(?P<addr>.+)$", re.DOTALL)
_CALL = re.compile(r"(?P<where>[^()]*[^()\s])\s*\((?P<arguments>.*)\)$", re.DOTALL)
_SIZES = {"byte": 1, "half": 2, "word": 4, None: 4}


def set_(dialogue: Dialogue, line: Line) -> None:
    """A register, memory, or a setting."""
    text = needed(line, "a register, memory or a setting").removeprefix("var ").strip()
    word, _, rest = text.partition(" ")
    if word in SETTINGS:
        SETTINGS[word](dialogue, rest.strip())
        return
    found = _ASSIGNMENT.match(text)
    if found is None:
        raise UsageError(f"set {text}: expected `$r0 = EXPR`, `*ADDR = EXPR` or one of {', '.join(SETTINGS)}")
    target, value = found["target"].strip(), dialogue.dbg.evaluate(found["value"])
    with_new_future(dialogue, lambda: _assign(dialogue, target, value))


def _assign(dialogue: Dialogue, target: str, value: int) -> None:
    if target.startswith("$"):
        dialogue.dbg.set_register(target, value)
        return
    found = _MEMORY.match(target)
    if found is None:
        raise UsageError(f"{target!r} cannot be set: `$register`, `*ADDR`, byte(ADDR), half(ADDR) or word(ADDR)")
    size = _SIZES[found["size"]]
    if value >= 1 << 8 * size:
        raise UsageError(f"{value:#x} does not fit into {plural(size, 'byte')}")
    dialogue.dbg.write(dialogue.dbg.evaluate(found["addr"]), value.to_bytes(size, "little"))


def with_new_future(dialogue: Dialogue, change: Callable[[], None]) -> None:
    """Do it, and say when what lay ahead is lost by it."""
    was_past = dialogue.dbg.timeline.is_rerun
    change()
    if was_past and not dialogue.dbg.timeline.is_rerun:
        dialogue.say("what lay ahead is forgotten: a new future begins here")


def _set_radix(dialogue: Dialogue, text: str) -> None:
    names = {radix.value: radix for radix in Radix} | {"16": Radix.HEX, "10": Radix.DEC}
    if text not in names:
        raise UsageError(f"radix {text!r}: hex or dec")
    dialogue.settings.radix = names[text]


def _set_panes(dialogue: Dialogue, text: str) -> None:
    panes(dialogue, Line("panes", "", text))


def _set_plain(dialogue: Dialogue, text: str) -> None:
    if text not in ("on", "off"):
        raise UsageError(f"plain {text!r}: on or off")
    dialogue.settings.is_plain = text == "on"


SETTINGS: dict[str, Callable[[Dialogue, str], None]] = {
    "radix": _set_radix,
    "panes": _set_panes,
    "plain": _set_plain,
}


def call(dialogue: Dialogue, line: Line) -> None:
    """A function of the guest."""
    text = needed(line, "a function")
    found = _CALL.match(text)
    where, arguments = (found["where"], found["arguments"]) if found is not None else (text, "")
    values = [dialogue.dbg.evaluate(part) for part in split_arguments(arguments)]

    def run() -> None:
        show_value(dialogue, dialogue.dbg.call(where, *values))

    with_new_future(dialogue, run)


def split_arguments(text: str) -> list[str]:
    """`a, f(b, c)` cut at the commas that stand in no parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts] if text.strip() else []


# --- the board's surroundings -----------------------------------------------------------------------------------------


def type_(dialogue: Dialogue, line: Line) -> None:
    """Keys on the console, with Enter."""
    _push(dialogue, ConsoleInput(line.arguments.encode() + b"\n"), "typed")


def plug(dialogue: Dialogue, line: Line) -> None:
    """The cable goes in."""
    no_arguments(line)
    _push(dialogue, CablePlug(True), "the cable is in")


def unplug(dialogue: Dialogue, line: Line) -> None:
    """The cable goes out."""
    no_arguments(line)
    _push(dialogue, CablePlug(False), "the cable is out")


def _push(dialogue: Dialogue, what: Input, text: str) -> None:
    with_new_future(dialogue, lambda: _pushed(dialogue, what))
    dialogue.say(f"{text}; the guest notices when it runs on")


def _pushed(dialogue: Dialogue, what: Input) -> None:
    dialogue.machine.inputs.push(what)


def proc(dialogue: Dialogue, line: Line) -> None:
    """A file of /proc, through the proc window: the guest runs until it has answered."""
    path, _, text = needed(line, "a file of /proc").partition(" ")

    def ask() -> None:
        if text:
            written = dialogue.machine.proc.write(path, text + "\n")
            dialogue.say(f"{plural(written, 'byte')} taken")
        else:
            dialogue.say(dialogue.machine.proc.read(path).rstrip("\n"))

    with_new_future(dialogue, ask)


def insmod(dialogue: Dialogue, line: Line) -> None:
    """Load a module."""
    name, _, parameters = needed(line, "a module: NAME, or a file NAME.ko").partition(" ")
    path = Path(name)
    if path.suffix == ".ko":
        dialogue.modules.files[path.stem.replace("-", "_")] = path.read_bytes()
    with_new_future(dialogue, lambda: dialogue.machine.insmod(name, parameters.strip()))
    dialogue.modules.update()
    dialogue.say(f"{path.stem} is loaded")


def rmmod(dialogue: Dialogue, line: Line) -> None:
    """Take a module out."""
    name = needed(line, "the name of a module")
    with_new_future(dialogue, lambda: dialogue.machine.rmmod(name))
    dialogue.modules.update()
    dialogue.say(f"{name} is gone")


# --- the session ------------------------------------------------------------------------------------------------------


def python(dialogue: Dialogue, line: Line) -> None:
    """Python, with m and dbg; alone, the lines up to `end`."""
    if line.arguments:
        run_python(line.arguments, dialogue.python_names)
        return
    lines: list[str] = []
    while (text := dialogue.ask("> ")) is not None and text.strip() != "end":
        lines.append(text)
    run_python("\n".join(lines), dialogue.python_names, is_block=True)


def echo(dialogue: Dialogue, line: Line) -> None:
    """A line of a script's own."""
    dialogue.say(line.arguments)


def quit_(dialogue: Dialogue, line: Line) -> None:
    """Leave."""
    no_arguments(line)
    dialogue.is_over = True


def read_script(path: str) -> list[str]:
    """The lines of a script. Raises UsageError."""
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        folder = Path(path).parent
        names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
        raise UsageError(f"cannot read the script {path}: {reason}{near_names(Path(path).name, names)}") from None


CHANGING = (
    Verb(
        ("set",),
        "$REG = EXPR | *ADDR = EXPR | byte(ADDR) = EXPR | radix hex|dec | panes ... | plain on|off",
        "change a register, memory or a setting",
        "set $r0 = 0",
        set_,
        Completes.SETTINGS,
    ),
    Verb(
        ("call",),
        "FUNCTION(ARG, ...)",
        "run a function of the guest with words for arguments; its r0, kept as print does",
        "call nr_free_pages()",
        call,
        Completes.SYMBOLS,
    ),
    Verb(("type",), "TEXT", "type a line on the guest's console", "type cat /proc/meminfo", type_),
    Verb(("plug",), "", "put the USB cable in", "plug", plug),
    Verb(("unplug",), "", "pull the USB cable out", "unplug", unplug),
    Verb(
        ("proc",),
        "PATH [TEXT]",
        "read or write a file of /proc; the guest runs until it has answered",
        "proc deferred_initcalls",
        proc,
        Completes.PROC,
    ),
    Verb(("insmod",), "MODULE [PARAMETERS]", "load a module", "insmod hello", insmod),
    Verb(("rmmod",), "MODULE", "take a module out", "rmmod hello", rmmod, Completes.MODULES),
    Verb(
        ("py", "python"),
        "[CODE]",
        "run Python with m, the machine, and dbg, the debugger; alone: the lines up to `end`",
        "py print(m.free_pages)",
        python,
    ),
    Verb(("echo",), "TEXT", "show a text", "echo now the deferred run", echo),
    Verb(("quit", "q", "exit"), "", "leave the debugger", "quit", quit_),
)
