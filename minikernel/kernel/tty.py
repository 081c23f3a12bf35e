"""The guest's shell from the user's chair: type a line on the console, get what was printed.

The console is canonical and echoes (guest/kernel/tty.s), the shell's prompt is `# ` at the start of a line
(guest/user): between the echo of the line and the next prompt stands what the command printed. console_wait is called
when a read finds nothing typed.
"""

from __future__ import annotations

CONSOLE_WAIT = "console_wait"
PROMPT = "# "
LINE_END = "\n"

#: Enter, and Ctrl-D: what hands a typed line to the program that reads.
LINE_ENDS = b"\r\n\x04"


def ends_line(characters: bytes) -> bool:
    """Whether a reader gets something once these are typed."""
    return any(end in characters for end in LINE_ENDS)


def typed_line(line: str) -> bytes:
    """The characters of one line with its Enter key. Raises ValueError for text that is no single line."""
    if "\n" in line or "\r" in line:
        raise ValueError(f"one line at a time: {line!r}")
    return line.encode("utf-8") + LINE_END.encode()


def printed_by(line: str, console: bytes) -> str:
    """What a command printed: the console's text since the line was typed, without its echo and the next prompt."""
    text = console.decode("utf-8", "replace").replace("\r\n", "\n")
    text = text.removeprefix(line).removeprefix("\n")
    if text.endswith("\n" + PROMPT) or text == PROMPT:
        text = text[: -len(PROMPT)]
    return text
