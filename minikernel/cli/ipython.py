"""The debugger's verbs in IPython and Jupyter: `%load_ext minikernel`.

    %si 3                  each verb of `minikernel debug`, by every name that IPython has not taken for itself
    %x/4i $pc              with its /format
    %mk VERB ...           any verb, the taken names too; `%mk help` lists them, `%si?` is the help of one
    %minikernel OPTIONS    another camera, with the options of `minikernel debug`

`m` is the machine and `dbg` its debugger. Whoever gives another machine the name `m` debugs that one from then on. The
table of verbs is the command line's own (repl.py).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError as MagicError
from IPython.core.magic import no_var_expand

from minikernel.cli.arguments import parser
from minikernel.cli.repl import Repl, boot_options, message, open_dialogue
from minikernel.cli.repl_changing import read_script
from minikernel.cli.repl_completion import DELIMITERS, completions
from minikernel.cli.repl_info import help_lines
from minikernel.cli.repl_verbs import Verb
from minikernel.cli.screen import NoScreen, PlainScreen, open_screen
from minikernel.debug.debugger import Debugger
from minikernel.errors import MinikernelError
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

ANY_VERB, ANOTHER_CAMERA = "mk", "minikernel"

#: Verbs that are IPython's own business.
NOT_HERE = frozenset({"py", "quit"})

NO_FLASH = (
    "--flash keeps the flash at the end of a session, and this one has none: `minikernel debug --flash FILE` does it. "
    "Here m = prepare(BootOptions(flash=...)) of minikernel.power_on takes the bytes, m.board.flash.contents() has them"
)

#: What IPython has made of a line with a magic.
_WITH_FORMAT = re.compile(r"(?P<call>get_ipython\(\)\.run_line_magic\(')(?P<verb>[\w-]+)(?P<format>/\w*)', '")
_IS_NAME = re.compile(r"[A-Za-z][\w-]*$")


class Magics:
    """The magics of one shell, and the session that they work on."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        machine = shell.user_ns.get("m")
        self._repl = self._open(machine if isinstance(machine, KernelMachine) else prepare(BootOptions()))
        taken = {name for names in shell.magics_manager.lsmagic().values() for name in names}
        verbs = [verb for verb in self._repl.verbs.all if verb.name not in NOT_HERE]
        self._verbs = {name: verb for verb in verbs for name in verb.names if _IS_NAME.match(name)}
        self.names = (*(name for name in self._verbs if name not in taken), ANY_VERB, ANOTHER_CAMERA)
        self._completers: dict[str, Callable[[Any, Any], list[str]]] = {}

    # --- in and out -------------------------------------------------------------------------------------------

    def register(self) -> None:
        """Put everything into the shell."""
        for name in self.names:
            self._shell.register_magic_function(self._magic(name), "line", name)
            completer = partial(self._complete, name)
            for word in (f"%{name}", name):
                self._shell.set_hook("complete_command", completer, str_key=word)
        self._shell.input_transformers_post.append(self.with_formats)

    def unregister(self) -> None:
        """Take everything out again; the machine stays as it is."""
        for name in self.names:
            self._shell.magics_manager.magics["line"].pop(name, None)
            for word in (f"%{name}", name):
                self._shell.strdispatchers["complete_command"].strs.pop(word, None)
        self._shell.input_transformers_post.remove(self.with_formats)
        self._repl.dialogue.leave()

    def with_formats(self, lines: list[str]) -> list[str]:
        """`%x/4i $pc` is for IPython the magic `x/4i`: here it becomes `%x /4i $pc`."""
        return [_WITH_FORMAT.sub(self._with_format, line) for line in lines]

    def _with_format(self, found: re.Match[str]) -> str:
        return f"{found['call']}{found['verb']}', '{found['format']} " if found["verb"] in self.names else found[0]

    # --- one magic --------------------------------------------------------------------------------------------

    def _magic(self, name: str) -> Callable[[str], None]:
        if name == ANOTHER_CAMERA:
            return self._described(self._another_camera, "Another camera: `%minikernel` and options of `debug`.")
        if name == ANY_VERB:
            return self._described(self.run, "Any verb of the debugger: `%mk VERB ...`; `%mk help` lists them.")
        verb = self._verbs[name]

        def run(line: str) -> None:
            self.run(f"{name}{line}" if line.startswith("/") else f"{name} {line}")

        return self._described(run, self._help(verb))

    def _described(self, run: Callable[[str], None], text: str) -> Callable[[str], None]:
        def magic(line: str) -> None:
            run(line)

        magic.__doc__ = text
        described: Callable[[str], None] = no_var_expand(magic)
        return described

    def _help(self, verb: Verb) -> str:
        return "\n".join(help_lines(self._repl.verbs, verb.name))

    def run(self, line: str) -> None:
        """Do what a line says. Raises IPython's UsageError, which it shows as one line."""
        repl = self._session()
        repl.dialogue.screen = PlainScreen() if repl.dialogue.settings.is_plain else open_screen()
        try:
            repl.run_line(line or "help")
        except MinikernelError as error:
            raise MagicError(message(error)) from None
        finally:
            repl.dialogue.screen = NoScreen()

    def _another_camera(self, line: str) -> None:
        try:
            args = parser().parse_args(["debug", *shlex.split(line)])
        except SystemExit:
            raise MagicError(f"%{ANOTHER_CAMERA} takes the options of `minikernel debug`") from None
        except ValueError as error:
            raise MagicError(f"{line}: {error}") from None
        if args.flash is not None:
            raise MagicError(NO_FLASH)
        try:
            script = None if args.script is None else read_script(args.script)
            machine = prepare(boot_options(args))
        except MinikernelError as error:
            raise MagicError(message(error)) from None
        self._repl.dialogue.leave()
        self._repl = self._open(machine, args.set, is_plain=args.plain)
        if args.at is not None:
            self.run(f"until {args.at}")
        for command in script or ():
            self.run(command)

    # --- the session ------------------------------------------------------------------------------------------

    def _session(self) -> Repl:
        """Over the machine that `m` is now."""
        machine, repl = self._shell.user_ns.get("m"), self._repl
        if isinstance(machine, KernelMachine) and machine is not repl.dialogue.machine:
            repl.dialogue.leave()
            self._repl = self._open(machine)
        return self._repl

    def _open(self, machine: KernelMachine, drivers: Sequence[tuple[str, str]] = (), *, is_plain: bool = False) -> Repl:
        """A session over a machine, with the debugger that it has already, if it has the name `dbg`."""
        known = self._shell.user_ns.get("dbg")
        debugger = known if isinstance(known, Debugger) and known.machine is machine else None
        config = BuildConfig.load(dict(drivers))
        program = build(config).files.get("init", b"")
        dialogue = open_dialogue(machine, is_plain, partial(find_module, config), debugger=debugger, program=program)
        dialogue.screen = NoScreen()
        dialogue.python_names = self._shell.user_ns
        self._shell.push({"m": machine, "dbg": dialogue.dbg})
        return Repl(dialogue)

    # --- completion -------------------------------------------------------------------------------------------

    def _complete(self, name: str, _shell: Any, event: Any) -> list[str]:
        """What TAB offers behind a magic. IPython ends words at other characters than we do: what it has of the word
        already is left out."""
        text = event.text_until_cursor.lstrip().removeprefix("%")
        if name == ANY_VERB:
            text = text.removeprefix(ANY_VERB).lstrip()
        elif text == name or name == ANOTHER_CAMERA:
            return []
        start = max(text.rfind(char) for char in DELIMITERS) + 1
        before, word = text[:start], text[start:]
        known = len(word) - len(event.symbol)
        return [each[max(known, 0) :] for each in completions(self._repl.dialogue, self._repl.verbs, before, word)]


_loaded: dict[int, Magics] = {}


def load(shell: InteractiveShell) -> None:
    """`%load_ext minikernel`."""
    magics = Magics(shell)
    magics.register()
    _loaded[id(shell)] = magics


def unload(shell: InteractiveShell) -> None:
    """`%unload_ext minikernel`."""
    magics = _loaded.pop(id(shell), None)
    if magics is not None:
        magics.unregister()
