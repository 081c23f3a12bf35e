"""A debugging session in this process: lines in, text out."""

from __future__ import annotations

from functools import partial
from io import StringIO

from minikernel.cli.repl import Repl, open_dialogue
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module


class ReplSession:
    """The default camera at its first instruction, with no panes."""

    def __init__(self, is_plain: bool = False, width: int = 80) -> None:
        self._text = StringIO()
        config = BuildConfig.load({})
        program = build(config).files["init"]
        find = partial(find_module, config)
        dialogue = open_dialogue(prepare(BootOptions()), is_plain, find, self._text, program=program)
        dialogue.screen.width = width
        dialogue.settings.panes = ()
        self.dialogue = dialogue
        self.repl = Repl(dialogue)

    @property
    def dbg(self):  # type: ignore[no-untyped-def]
        """The debugger."""
        return self.dialogue.dbg

    def run(self, *lines: str) -> str:
        """Type lines at the prompt; what the last one printed."""
        text = ""
        for line in lines:
            self._text.seek(0)
            self._text.truncate()
            self.repl.onecmd(self.repl.precmd(line)) if line else self.repl.emptyline()
            text = self._text.getvalue()
        return text
