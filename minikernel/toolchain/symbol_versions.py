"""The CRC of an exported symbol: a fingerprint of its interface, so that a module built for another one is refused.

Linux's genksyms takes the C prototype. Assembly has none; its counterpart here is the header comment, whose `in:` and
`out:` say what a caller must know. The CRC is crc32 (zlib's) of

    function     name, newline, `in:` lines, newline, `out:` lines, newline; blanks and line breaks are one blank each
    data         name, blank, size in bytes, newline
    neither      name, newline: no header, or an object without a size
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from minikernel.elf.constants import SymbolKind
from minikernel.elf.object_file import ObjectFile

_HEADER = re.compile(r"^@ ([\w.$]+(?:, [\w.$]+)*) - .*\n((?:@.*\n)*)", re.MULTILINE)
_CLAUSE = re.compile(r"^@ +(in|out):((?:.*\n)(?:@ +(?! |\w+:).*\n)*)", re.MULTILINE)


def interfaces(source: str) -> Iterator[tuple[str, str]]:
    """(name, `in` and `out` in normal form) for every function header of an assembly source."""
    for header in _HEADER.finditer(source):
        clauses = {clause[1]: _normal_form(clause[2]) for clause in _CLAUSE.finditer(header[2])}
        if clauses:
            text = f"{clauses.get('in', '')}\n{clauses.get('out', '')}"
            for name in header[1].split(", "):
                yield name, text


def _normal_form(lines: str) -> str:
    return " ".join(lines.replace("\n@", "\n").split())


def symbol_crc(name: str, interface: str | None, data_size: int = 0) -> int:
    """The CRC: `interface` as interfaces() gives it, or None; `data_size` in bytes for an object."""
    if data_size:
        text = f"{name} {data_size}\n"
    elif interface is not None:
        text = f"{name}\n{interface}\n"
    else:
        text = f"{name}\n"
    return zlib.crc32(text.encode())


def data_sizes(obj: ObjectFile) -> dict[str, int]:
    """Bytes of every defined object that has a size."""
    return {s.name: s.size for s in obj.symbols if s.kind == SymbolKind.OBJECT and s.is_defined and s.size}
