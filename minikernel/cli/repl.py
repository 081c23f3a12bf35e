"""`minikernel debug`: the debugger's command line.

Reads lines - from the terminal with history and completion, from a script, from a pipe - finds the verb, and tells what
went wrong. A script ends at its first error, with the line's number; at the terminal the session goes on.
"""

from __future__ import annotations

import argparse
import cmd
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from minikernel.cli.boot import check_inputs, read_kept_flash, read_scene
from minikernel.cli.files import check_outputs, read_file, write_file
from minikernel.cli.progress import progress
from minikernel.cli.repl_changing import CHANGING, read_script
from minikernel.cli.repl_completion import DELIMITERS, completions
from minikernel.cli.repl_dialogue import Dialogue, Settings
from minikernel.cli.repl_info import INFO, help_lines
from minikernel.cli.repl_looking import LOOKING, show_context
from minikernel.cli.repl_moves import MOVES
from minikernel.cli.repl_panes import PANES
from minikernel.cli.repl_points import POINTS
from minikernel.cli.repl_verbs import Completes, Line, Verb, Verbs, needed, take_apart
from minikernel.cli.screen import PlainScreen, open_screen
from minikernel.cli.state import state_folder
from minikernel.debug.debugger import Debugger
from minikernel.debug.module_names import ModuleNames
from minikernel.elf.line_table import SourceTexts
from minikernel.errors import MinikernelError, SourceError, UsageError
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module
from minikernel.toolchain.guest_tree import guest_tree

PROMPT = "(mk) "
HISTORY_LENGTH = 1000
NESTING_LIMIT = 8
COMMENT = "#"

OK, FAILED = 0, 1


class ScriptError(MinikernelError):
    """A line of a script failed: `file:line: error: ...`."""


class Repl(cmd.Cmd):
    """One session at a prompt. `run_script` and `cmdloop` may follow each other."""

    prompt = PROMPT

    def __init__(self, dialogue: Dialogue) -> None:
        super().__init__()
        self.dialogue = dialogue
        own = (
            Verb(("source",), "FILE", "run the commands of a file", "source steps.mk", self._source, Completes.FILES),
            Verb(("help", "h", "?"), "[VERB]", "what there is, or one verb with an example", "help x", self._help,
                 Completes.VERBS),
        )  # fmt: skip
        self.verbs = Verbs((*MOVES, *POINTS, *LOOKING, *INFO, *CHANGING, *own))
        self._again: Line | None = None
        self._scripts = 0

    # --- one line ---------------------------------------------------------------------------------------------

    def run_line(self, text: str) -> None:
        """Do what a line says. Raises MinikernelError."""
        text = text.strip()
        if not text or text.startswith(COMMENT):
            return
        self._run(take_apart(text))

    def _run(self, line: Line) -> None:
        verb = self.verbs.find(line.verb)
        self._again = None
        try:
            verb.run(self.dialogue, line)
        except OSError as error:  # the guest's errno, or the host's for a file
            raise UsageError(str(error)) from None
        self._again = _repetition(line) if verb.repeats else None

    def _help(self, dialogue: Dialogue, line: Line) -> None:
        for text in help_lines(self.verbs, line.arguments):
            dialogue.say(text)

    def _source(self, _dialogue: Dialogue, line: Line) -> None:
        path = needed(line, "a file")
        self.run_lines(read_script(path), path)

    # --- scripts ----------------------------------------------------------------------------------------------

    def run_lines(self, lines: list[str], name: str) -> None:
        """Run a script, each line shown behind the prompt. Raises ScriptError for the first that fails."""
        if self._scripts >= NESTING_LIMIT:
            raise UsageError(f"{name}: scripts that call scripts, {NESTING_LIMIT} deep")
        numbered = iter(enumerate(lines, 1))

        def next_line(prompt: str) -> str | None:
            text = next((text for _, text in numbered), None)
            self.dialogue.say(prompt + (text or ""), "title")
            return text

        ask, self.dialogue.ask = self.dialogue.ask, next_line
        self._scripts += 1
        try:
            self._run_numbered(numbered, name)
        finally:
            self._scripts -= 1
            self.dialogue.ask = ask

    def _run_numbered(self, numbered: Iterator[tuple[int, str]], name: str) -> None:
        for number, text in numbered:
            if self.dialogue.is_over:
                return
            if text.strip():
                is_comment = text.strip().startswith(COMMENT)
                self.dialogue.say(("" if is_comment else PROMPT) + text.strip(), "dim" if is_comment else "title")
            try:
                self.run_line(text)
            except ScriptError:
                raise
            except MinikernelError as error:
                raise ScriptError(f"{name}:{number}: error: {message(error)}") from None

    # --- the terminal (cmd.Cmd) -------------------------------------------------------------------------------

    def onecmd(self, line: str) -> bool:
        """A line typed: errors are shown, and the session goes on."""
        if line == "EOF":
            self.dialogue.say("")
            return True
        try:
            self.run_line(line)
        except ScriptError as error:
            self.dialogue.say(str(error), "bad")
        except MinikernelError as error:
            self.dialogue.say(f"error: {message(error)}", "bad")
        except KeyboardInterrupt:
            self.dialogue.say("interrupted")
        return self.dialogue.is_over

    def emptyline(self) -> bool:
        """Enter alone repeats a step."""
        if self._again is not None:
            return self.onecmd(_written(self._again))
        return False

    def precmd(self, line: str) -> str:
        """An empty line is told from one that says EOF."""
        return line

    def completenames(self, text: str, *_ignored: object) -> list[str]:
        """Of a verb."""
        return completions(self.dialogue, self.verbs, "", text)

    def completedefault(self, text: str, line: str, begidx: int, _endidx: int) -> list[str]:
        """Of what stands behind one."""
        return completions(self.dialogue, self.verbs, line[:begidx], text)

    def postcmd(self, stop: bool, line: str) -> bool:
        """As onecmd said."""
        return stop


def _repetition(line: Line) -> Line:
    """What Enter does after a line: `x` and `list` go on from where they were."""
    return Line(line.verb, line.format, "") if line.verb in ("x", "examine", "l", "list") else line


def _written(line: Line) -> str:
    return f"{line.verb}{'/' if line.format else ''}{line.format} {line.arguments}"


def message(error: MinikernelError) -> str:
    """The error's words; for an expression with its text and a caret below, without a file's name."""
    if not isinstance(error, SourceError):
        return str(error)
    return f"{error.message}\n    {error.line_text}\n    {' ' * (error.location.column - 1)}^"


# --- the command ------------------------------------------------------------------------------------------------------


def debug_command(args: argparse.Namespace) -> int:
    """Boot as the options say, stop at the first instruction or at --at, and read commands; gives the exit status. The
    flash is kept as it is at the moment at which the session ends."""
    check_inputs(args)
    check_outputs({"--flash": args.flash})
    script = None if args.script is None else read_script(args.script)
    with progress("building the guest kernel"):
        machine = prepare(boot_options(args))
    for sentence in machine.untraced:
        print(f"minikernel: warning: {sentence}", file=sys.stderr)
    config = BuildConfig.load(dict(args.set))
    program = build(config).files.get("init", b"")
    repl = Repl(open_dialogue(machine, args.plain, partial(find_module, config), program=program))
    try:
        status = _session(repl, args, script)
    except ScriptError as error:
        sys.stdout.flush()
        print(error, file=sys.stderr)
        status = FAILED
    if args.flash is not None:
        write_file(args.flash, machine.board.flash.contents())
    return status


def boot_options(args: argparse.Namespace) -> BootOptions:
    """The options with their files read. Raises OutputError, ImageError for a scene that is no picture."""
    return BootOptions(
        drivers=dict(args.set),
        append=args.append,
        rc=None if args.rc is None else read_file(args.rc, "the rc script"),
        scene=None if args.scene is None else read_scene(args.scene),
        flash=read_kept_flash(args.flash),
        modules=args.modules,
    )


def open_dialogue(
    machine: KernelMachine,
    is_plain: bool,
    find: Callable[[str], bytes],
    stream: TextIO | None = None,
    debugger: Debugger | None = None,
    program: bytes = b"",
) -> Dialogue:
    """A session over a machine; `find` gives the bytes of a module. Text goes to `stream`, standard output when it is
    not given. `debugger`: the machine's, if it has one already. `program`: /init of
    the machine's build, for its names."""
    screen = PlainScreen(stream) if is_plain else open_screen(stream)
    settings = Settings(panes=tuple(PANES), is_plain=is_plain)
    sources = SourceTexts(guest_tree())
    dbg = Debugger(machine) if debugger is None else debugger
    modules = ModuleNames(machine, dbg.symbols, find, program=program)
    return Dialogue(machine, dbg, modules, screen, sources, settings, _ask_terminal, show_context)


def _ask_terminal(prompt: str) -> str | None:
    try:
        return input(prompt)
    except EOFError:
        return None


def _session(repl: Repl, args: argparse.Namespace, script: list[str] | None) -> int:
    dialogue = repl.dialogue
    if args.at is None:
        dialogue.show_stop(dialogue.dbg.position)
    else:
        dialogue.move(lambda: dialogue.dbg.until(args.at))
    if script is not None:
        repl.run_lines(script, args.script)
    if not dialogue.is_over and sys.stdin.isatty():
        _interactive(repl)
    elif not dialogue.is_over and script is None:
        repl.run_lines(sys.stdin.read().splitlines(), "standard input")
    return OK


def _interactive(repl: Repl) -> None:
    """At the terminal, until quit or Ctrl-D; Ctrl-C only leaves the line."""
    repl.dialogue.say("`help` lists the commands, Ctrl-C stops the guest, Ctrl-D leaves", "dim")
    history = _open_history()
    try:
        while True:
            try:
                repl.cmdloop()
                return
            except KeyboardInterrupt:
                print("^C")
    finally:
        _close_history(history)


def _open_history() -> Path | None:
    """Read the lines of earlier sessions; None where there is no readline or no place to keep them."""
    try:
        import readline
    except ImportError:  # Windows
        return None
    readline.set_completer_delims(DELIMITERS)
    readline.set_history_length(HISTORY_LENGTH)
    path = state_folder() / "debug_history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            readline.read_history_file(path)
    except OSError:  # no history then
        return None
    return path


def _close_history(path: Path | None) -> None:
    if path is None:
        return
    import contextlib
    import readline

    with contextlib.suppress(OSError):
        readline.write_history_file(path)
