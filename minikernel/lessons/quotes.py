"""Living source by symbol: what a chapter quotes is what guest/ has now.

free_initmem       a function: from FUNC or LFUNC to ENDFUNC
module_init        a macro: from .macro to .endm
initcall_levels    data: from its label to the next empty line or directive of another section
.initcall.init     an output section of a linker script, with its braces
[drivers]          a table of a TOML file
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from minikernel.errors import UsageError, near_names

#: How a thing begins and how it ends; {} is its name. An end line is part of the thing unless it is empty.
_SHAPES = (
    (r"L?FUNC {}\s*(@.*)?$", r"ENDFUNC {}\b"),
    (r"\s*\.macro\s+{}\b", r"\s*\.endm\b"),
    (r"\s*{} :.*", r"        \}}"),
    (r"{}:", r"\s*$|\s*\.popsection|\s*\.text|FUNC|@ ---"),
    (r"{}\s*(#.*)?$", r"\s*$"),
)

_NAMED = re.compile(r"(?:L?FUNC|\s*\.macro)\s+(\w+)|(\w+):|\s*([\w.]+) :|(\[\w+\])")


def quote(tree: Path, subject: str) -> tuple[str, ...]:
    """The lines of `kernel/init_mem.s: free_initmem` below the guest tree. Raises UsageError naming near ones."""
    file, _, symbol = subject.partition(": ")
    try:
        lines = (tree / file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"cannot quote guest/{file}: {error.strerror}") from None
    for begins, ends in _SHAPES:
        name = re.escape(symbol)
        cut = _cut(lines, begins.format(name), ends.format(name))
        if cut:
            return cut
    known = {name for found in map(_NAMED.match, lines) if found for name in found.groups() if name}
    raise UsageError(f"guest/{file} has no {symbol!r}{near_names(symbol, known)}")


def _cut(lines: Sequence[str], begins: str, ends: str) -> tuple[str, ...]:
    start = next((n for n, line in enumerate(lines) if re.match(begins, line)), None)
    if start is None:
        return ()
    end = next((n for n in range(start + 1, len(lines)) if re.match(ends, lines[n])), len(lines))
    is_part = end < len(lines) and re.match(r"ENDFUNC|\s*\.endm|\s+\}", lines[end])
    return tuple(lines[start : end + 1 if is_part else end])
