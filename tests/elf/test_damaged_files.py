"""Whatever bytes a file has, the readers either read it or say ImageError: nothing else comes out."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from minikernel.elf.attributes import attributes_section
from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.image import Image
from minikernel.elf.object_file import ObjectFile, Relocation, Section, Symbol
from minikernel.elf.write_image import ImageSectionSource, ImageSymbolSource, write_image
from minikernel.errors import ImageError

TEXT_FLAGS = SectionFlag.ALLOC | SectionFlag.EXECINSTR
TEXT = Section(".text", SectionType.PROGBITS, TEXT_FLAGS, 4, bytes(16))
MAIN = Symbol("main", TEXT, 0, 16, SymbolKind.FUNC, SymbolBinding.GLOBAL)
TEXT.relocations = [Relocation(0, R_ARM.CALL, MAIN)]
OBJECT = ObjectFile([TEXT, attributes_section()], [MAIN]).to_bytes()

IMAGE_TEXT = ImageSectionSource(".text", SectionType.PROGBITS, TEXT_FLAGS, 0x8000, 0x8000, bytes(16), 16, 4)
IMAGE = write_image(
    0x8000, [IMAGE_TEXT], [ImageSymbolSource("main", 0x8000, 16, SymbolKind.FUNC, SymbolBinding.GLOBAL, IMAGE_TEXT)]
)
# Header and tables hold what can go wrong; section bytes are any bytes anyway.
changes = st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), min_size=1, max_size=4)


def damaged(data: bytes, places: list[tuple[int, int]], length: int) -> bytes:
    changed = bytearray(data)
    for place, value in places:
        changed[place % len(changed)] = value
    return bytes(changed[: len(changed) - length % 40])


@given(changes, st.integers(0, 39))
def test_object_reader(places: list[tuple[int, int]], cut: int) -> None:
    with contextlib.suppress(ImageError):
        ObjectFile.from_bytes(damaged(OBJECT, places, cut))


@given(changes, st.integers(0, 39))
def test_image_reader(places: list[tuple[int, int]], cut: int) -> None:
    with contextlib.suppress(ImageError):
        image = Image.from_bytes(damaged(IMAGE, places, cut))
        image.symbolize(0x8004)
        image.get("main")


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for reader in (ObjectFile.from_bytes, Image.from_bytes):
        with contextlib.suppress(ImageError):
            reader(data)
