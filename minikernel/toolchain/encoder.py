"""One instruction in numbers, in; one word, out. The only file that knows keystone.

Keystone 0.9.2 is used as an encoder and never as an assembler: given a directive it may kill the process or read files
of the host, so it gets one instruction at a time, made of tokens that instructions.py has checked, with numbers for
symbols; and every answer is checked for exactly four bytes. Where keystone has no wheel (arm64 hosts), GNU as or
llvm-mc on PATH stands in: `default_encoder()` takes the first it finds.

Encodings are kept in a process-wide table by text, so a form is encoded once.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from minikernel.bits import s32
from minikernel.elf.object_file import ObjectFile
from minikernel.errors import MinikernelError


class EncoderUnavailable(MinikernelError):
    """No encoder is installed. str() says what to install."""


class EncodingError(Exception):
    """The encoder refuses one instruction. str() is the encoder's reason."""


Encoding = int | EncodingError


class Encoder(Protocol):
    """Encodes ARM-state instructions of the Cortex-A15, unified syntax, without symbols."""

    name: str

    def encode(self, instructions: Sequence[str]) -> list[Encoding]:
        """The word of each instruction, or why it has none; same length, same order."""


class KeystoneEncoder:
    """Keystone. A call costs 20 us and 2 more for each instruction, so many go into one."""

    name = "keystone"

    def __init__(self) -> None:
        """Raises ImportError where keystone is not installed."""
        import keystone

        self._error: type[Exception] = keystone.KsError
        # KS_MODE_V8 is what makes udiv and sdiv known; nothing else of v8 passes the mnemonic table.
        self._ks: Any = keystone.Ks(keystone.KS_ARCH_ARM, keystone.KS_MODE_ARM | keystone.KS_MODE_V8)

    def encode(self, instructions: Sequence[str]) -> list[Encoding]:
        """No instruction has more than four bytes: if there are four for each, none is missing. Else one by one."""
        try:
            encoded, _ = self._ks.asm("\n".join(instructions), 0, True)
        except self._error:
            encoded = None
        if encoded is None or len(encoded) != 4 * len(instructions):
            return [self._encode(text) for text in instructions]
        return list(_words(encoded))

    def _encode(self, text: str) -> Encoding:
        try:
            encoded, _ = self._ks.asm(text, 0, True)
        except self._error as error:
            other = _other_spelling(text)
            if other is not None:
                return self._encode(other)
            return EncodingError(_KEYSTONE_REASONS.get(str(error).partition(" (")[0], str(error)))
        if encoded is None or len(encoded) != 4:
            return EncodingError("the architecture defines no such form (UNPREDICTABLE)")
        return int.from_bytes(encoded, "little")


_NEGATIVE = re.compile(r"(sub|adc|sbc)(s?(?:[a-z]{2})?) (.*)#(-?[0-9]+)$")
_OPPOSITES = {"sub": ("add", 0), "adc": ("sbc", 1), "sbc": ("adc", 1)}


def _other_spelling(text: str) -> str | None:
    """What keystone 0.9.2 takes for an instruction it refuses: sub, adc, sbc of a negative constant; mrc to pc."""
    match = _NEGATIVE.match(text)
    if match is not None:
        verb, suffix, operands, number = match.groups()
        opposite, offset = _OPPOSITES[verb]
        value = -s32(int(number)) - offset
        return f"{opposite}{suffix} {operands}#{value}" if value >= 0 else None
    if text.startswith("mrc") and ",pc," in text:
        return text.replace(",pc,", ",apsr_nzcv,")
    return None


_KEYSTONE_REASONS = {
    "Invalid operand": "an operand does not fit this instruction",
    "Invalid mnemonic": "no such instruction",
    "Missing CPU feature": "the Cortex-A15 in ARM state has no such instruction",
}


class GnuAsEncoder:
    """GNU as, one process for a batch."""

    def __init__(self, program: str) -> None:
        self.name = program

    def encode(self, instructions: Sequence[str]) -> list[Encoding]:
        refused: dict[int, EncodingError] = {}
        while True:
            lines = ["nop" if index in refused else text for index, text in enumerate(instructions)]
            words, errors = self._run(lines)
            if not errors:
                break
            if errors.keys() <= refused.keys():
                raise EncoderUnavailable(f"{self.name} fails without naming a line of its input")
            refused.update(errors)
        return [refused.get(index, word) for index, word in enumerate(words)]

    def _run(self, lines: list[str]) -> tuple[list[int], dict[int, EncodingError]]:
        with tempfile.TemporaryDirectory() as directory:
            source, output = Path(directory, "a.s"), Path(directory, "a.o")
            source.write_text(".syntax unified\n.arm\n" + "\n".join(lines) + "\n")
            command = [self.name, "-mcpu=cortex-a15", "-o", str(output), str(source)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            errors = {
                int(number) - 3: EncodingError(message)
                for number, message in re.findall(r"^[^\n]*?:(\d+): Error: (.*)$", run.stderr, re.MULTILINE)
            }
            if run.returncode:
                return [], errors or {-1: EncodingError(run.stderr)}
            return _words(ObjectFile.from_bytes(output.read_bytes()).section(".text").data), {}


class LlvmMcEncoder:
    """llvm-mc, one process for a batch."""

    def __init__(self, program: str) -> None:
        self.name = program

    def encode(self, instructions: Sequence[str]) -> list[Encoding]:
        command = [self.name, "-triple=armv7a-none-eabi", "-mcpu=cortex-a15", "-show-encoding"]
        text = "\n".join(instructions) + "\n"
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        errors = {
            int(number) - 1: EncodingError(message)
            for number, message in re.findall(r"^<stdin>:(\d+):\d+: error: (.*)$", run.stderr, re.MULTILINE)
        }
        words = [
            int.from_bytes(bytes(int(byte, 16) for byte in group.split(",")), "little")
            for group in re.findall(r"encoding: \[([^\]]*)\]", run.stdout)
        ]
        accepted = iter(words)
        if len(words) + len(errors) != len(instructions):
            raise EncoderUnavailable(f"{self.name} gave {len(words)} words for {len(instructions)} instructions")
        return [errors[index] if index in errors else next(accepted) for index in range(len(instructions))]


def _words(data: bytes | bytearray) -> list[int]:
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


GNU_AS_NAMES = ("arm-none-eabi-as", "arm-linux-gnueabihf-as", "arm-linux-gnueabi-as")
LLVM_MC_NAMES = ("llvm-mc", *(f"llvm-mc-{version}" for version in range(22, 11, -1)))


@cache
def default_encoder() -> Encoder:
    """Keystone where it is importable, else GNU as, else llvm-mc. Raises EncoderUnavailable."""
    try:
        return KeystoneEncoder()
    except ImportError:
        pass
    for name in GNU_AS_NAMES:
        if shutil.which(name):
            return GnuAsEncoder(name)
    for name in LLVM_MC_NAMES:
        if shutil.which(name):
            return LlvmMcEncoder(name)
    raise EncoderUnavailable(
        "no instruction encoder found: install keystone-engine (pip), or put arm-none-eabi-as (Debian: "
        "binutils-arm-none-eabi) or llvm-mc (Debian: llvm) on PATH"
    )


class EncodingTable:
    """Words by instruction text, for one encoder."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.known: dict[str, int] = {}

    def encode(self, texts: Sequence[str]) -> dict[str, EncodingError]:
        """Makes every text known that can be, those that are not yet in one batch; gives the reasons for the others."""
        wanted = [text for text in dict.fromkeys(texts) if text not in self.known]
        refused: dict[str, EncodingError] = {}
        for text, encoding in zip(wanted, self.encoder.encode(wanted) if wanted else [], strict=True):
            if isinstance(encoding, EncodingError):
                refused[text] = encoding
            else:
                self.known[text] = encoding
        return refused


@cache
def default_table() -> EncodingTable:
    """The process-wide table of the default encoder. Raises EncoderUnavailable."""
    return EncodingTable(default_encoder())
