"""Who handles which interrupt (guest/kernel/irq.s, include/irq.inc)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.kernel.structures import NotThereYet, Problems, Structures, View

CHANGES = frozenset({"request_irq", "free_irq"})
FIELDS = ("HANDLER", "DEV", "NAME", "COUNT")


@dataclass(frozen=True)
class InterruptHandler:
    """struct irq_desc of an interrupt id with a handler; `count` is how often it came, `dev` what the handler gets."""

    irq: int
    count: int
    name: str
    handler: str
    dev: int


@dataclass(frozen=True)
class Interrupts(View):
    """Handlers by interrupt id; `chip` is the controller's name."""

    headings = ("irq", "name", "handler", "came", "dev")

    chip: str = ""
    handlers: tuple[InterruptHandler, ...] = ()

    def rows(self) -> Iterator[tuple[str, ...]]:
        """By interrupt id."""
        for each in self.handlers:
            yield str(each.irq), each.name, each.handler, f"{each.count:,}", f"{each.dev:#010x}"


def read_interrupts(guest: Structures) -> Interrupts:
    """The table as it is now. Raises ImageError for a kernel without one."""
    return guest.view(_table, Interrupts(), CHANGES)


def _table(guest: Structures, _problems: Problems) -> Interrupts:
    chip = guest.variable("irq_chip")
    if not chip:
        raise NotThereYet("no interrupt controller has been registered yet")
    name = guest.text(guest.word(chip + guest.constant("IRQ_CHIP_NAME")))
    rows = (_handler(guest, irq) for irq in range(guest.constant("NR_IRQS")))
    return Interrupts(name, tuple(row for row in rows if row is not None))


def _handler(guest: Structures, irq: int) -> InterruptHandler | None:
    """None for an interrupt nobody asked for."""
    at = guest.constant("irq_desc") + irq * guest.constant("IRQ_DESC_SIZE")
    handler, dev, name, count = (guest.word(at + guest.constant(f"IRQ_{field}")) for field in FIELDS)
    return InterruptHandler(irq, count, guest.text(name), guest.function(handler), dev) if handler else None
