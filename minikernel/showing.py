"""Floor 0. How values show themselves in IPython and Jupyter: as a card of facts, as a table, as a picture.

Nothing here is needed to make a value, and nothing prints: `_repr_html_` gives HTML, `_repr_pretty_` text. What the
guest said is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")

CELL_STYLE = "text-align: left; font-family: monospace; white-space: pre-wrap"


class Card:
    """A value that shows facts about itself. A subclass has card()."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._repr_pretty_ = Card._repr_pretty_  # type: ignore[method-assign]  # IPython takes a nearer __repr__ first

    def card(self) -> Mapping[str, str]:
        """What there is to know, by name, the most important first."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return html_table((), self.card().items(), type(self).__name__)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        if len(printer.stack) > 1:  # inside a list
            printer.text(repr(self))
            return
        facts = self.card()
        width = max(map(len, facts), default=0)
        printer.text("\n".join([type(self).__name__, *(f"  {name:<{width}}  {facts[name]}" for name in facts)]))


class Sheet:
    """A value that shows itself as a table below sentences. A subclass has the headings, rows() and notes()."""

    headings: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._repr_pretty_ = Sheet._repr_pretty_  # type: ignore[method-assign]  # IPython takes a nearer __repr__ first

    def rows(self) -> Iterable[Sequence[str]]:
        """The cells, row by row."""
        raise NotImplementedError

    def notes(self) -> Sequence[str]:
        """What is to be known of the whole."""
        return ()

    def _repr_html_(self) -> str:
        caption = ": ".join(filter(None, (type(self).__name__, "; ".join(self.notes()))))
        return html_table(self.headings, self.rows(), caption)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        if len(printer.stack) > 1:  # inside a list
            printer.text(repr(self))
            return
        printer.text("\n".join((type(self).__name__, *self.notes(), text_table(self.headings, self.rows()))))


class Table(tuple[T, ...]):
    """A tuple that shows itself as a table. A subclass has the headings and row()."""

    headings: ClassVar[Sequence[str]] = ()

    @staticmethod
    def row(item: Any) -> Sequence[str]:
        """The cells of an item."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return html_table(self.headings, map(self.row, self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        is_shown = self and len(printer.stack) == 1
        printer.text(text_table(self.headings, map(self.row, self)) if is_shown else repr(self))


def html_table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Well-formed HTML of a table of texts."""
    parts = ["<table>"]
    if caption:
        parts.append(f"<caption>{escaped(caption)}</caption>")
    if headings:
        parts.append("<thead><tr>" + "".join(f"<th>{escaped(text)}</th>" for text in headings) + "</tr></thead>")
    parts.append("<tbody>")
    for row in rows:
        cells = "".join(f'<td style="{CELL_STYLE}">{escaped(cell)}</td>' for cell in row)
        parts.append(f"<tr>{cells}</tr>")
    parts.append("</tbody></table>")
    return "".join(parts)


def escaped(text: str) -> str:
    """Text as HTML and XML want it; characters that neither can hold become U+FFFD."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same in columns of characters."""
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ((f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def moment(time_ns: int, icount: int) -> str:
    """`1.958 ms, 195,766 instructions`."""
    return f"{time_ns / 1e6:,.3f} ms, {icount:,} instructions"
