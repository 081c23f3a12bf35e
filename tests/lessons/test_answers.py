"""What of a reader's writing is right, what is wrong, and what is another kind of thing."""

from __future__ import annotations

import pytest

from minikernel.errors import UsageError
from minikernel.lessons.answers import Address, Answer, Count, Duration, Errno, Name, Names, Ratio, Size


@pytest.mark.parametrize(
    "answer, right, wrong, other",
    [
        (Count(22, "initcalls"), ["22", "0x16", " 22 ", "22 initcalls", "22 initcall"],
         ["21", "23", "0x22", "22.5"], ["twenty", "22 pages", "", "2 2"]),
        (Size(49152), ["49152", "49,152", "49_152 bytes", "0xc000", "48K", "48 KiB", "48kB"],
         ["48", "49151", "49153", "48M", "0xC001"], ["48 pages", "much", "12ms"]),
        (Address(0xC0025000), ["0xc0025000", "C0025000", "0xC0025000"], ["0xc0025004", "0x80025000", "c002500"],
         ["__init_begin", "0x1c0025000", ""]),
        (Duration(190_438_000), ["190438 us", "190.4 ms", "190ms", "0.19 s", "190,438usecs"],
         ["180 ms", "190 us", "193 ms", "1.9 s"], ["190438", "190 MB", "long"]),
        (Ratio(6.35), ["6.35", "6.3", "6.4 times", "6.35x"], ["6", "7", "63"], ["6 ms", "six"]),
        (Errno(-19), ["-19", "ENODEV", "-enodev", "0xffffffed", "4294967277"], ["19", "-EPERM", "-18", "0"],
         ["EFROB", "-19 us"]),
        (Errno(0), ["0"], ["EPERM", "1"], ["none"]),
        (Name("usb_init"), ["usb_init", "USB_INIT", "usb_init()", "`usb_init`"], ["usb_inits", "init"],
         ["it is usb_init"]),
        (Name("mtd", also=("the flash",)), ["mtd", "the flash"], ["flash"], ["it is the flash"]),
        (Names(("a", "b")), ["a,b", "b a", "`b`, a"], ["a", "a,b,c", "a,a,b"], []),
        (Names(("a", "b"), in_order=True), ["a,b", "a b"], ["b a"], []),
    ],
    ids=repr,
)  # fmt: skip
def test_right_wrong_and_another_kind(answer: Answer, right: list[str], wrong: list[str], other: list[str]) -> None:
    assert [text for text in right if not answer.accepts(text)] == []
    assert [text for text in wrong if answer.accepts(text)] == []
    for text in other:
        with pytest.raises(UsageError, match="expected "):
            answer.accepts(text)
