"""Addresses: the linker script's statements evaluated in order, repeated until nothing moves.

One pass walks the script with the location counter in hand. What a statement reads before it is known (ADDR of a later
section, a symbol assigned further down) has the previous pass's value; a pass that read such a value is followed by
another. Values follow the ld manual, "The Section of an Expression": inside an output section `.` is an offset, plain
numbers are offsets too, and what belongs to different sections is made absolute first; outside everything is absolute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from minikernel.bits import align_up, u32
from minikernel.elf.object_file import Section
from minikernel.errors import LinkError, Location, SourceError, near_names
from minikernel.toolchain.link_state import InputSection, Link, PlacedSection, ScriptSymbol
from minikernel.toolchain.script import (
    DISCARD,
    Assertion,
    Assignment,
    Binary,
    Call,
    Conditional,
    Data,
    Expression,
    Name,
    NameCall,
    Number,
    OutputSection,
    Unary,
)

_MAX_PASSES = 16


class Base(Enum):
    """What a value is relative to, when not to a section."""

    NUMBER = "number"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True)
class Value:
    """`address` is complete (section start added) when `base` is a section; `from_dot` when `.` gave it."""

    address: int
    base: PlacedSection | Base
    from_dot: bool = False

    @property
    def section(self) -> PlacedSection | None:
        """The section it is relative to, if any."""
        return self.base if isinstance(self.base, PlacedSection) else None

    @property
    def offset(self) -> int:
        """The part that operators work on while the base is kept."""
        return self.address - self.base.addr if isinstance(self.base, PlacedSection) else self.address


_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << min(b, 64),
    ">>": lambda a, b: a >> min(b, 64),
}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "&&": lambda a, b: bool(a and b),
    "||": lambda a, b: bool(a or b),
}


def assign_addresses(link: Link) -> None:
    """Gives every output section, input section and script symbol its address. Raises SourceError, LinkError."""
    for _ in range(_MAX_PASSES):
        before = _snapshot(link)
        layout = _Pass(link, is_final=False)
        layout.run()
        if not layout.read_ahead or _snapshot(link) == before:
            _Pass(link, is_final=True).run()
            return
    raise LinkError(f"{link.script.name}: addresses still move after {_MAX_PASSES} passes over the script")


def _snapshot(link: Link) -> object:
    sections = [(output.addr, output.lma, output.size) for output in link.outputs]
    return sections, {name: symbol.value for name, symbol in link.script_symbols.items()}


class _Pass:
    """One walk over the script. In the final walk unknown names and failed assertions are errors."""

    def __init__(self, link: Link, is_final: bool) -> None:
        self.link = link
        self.is_final = is_final
        self.dot = 0
        self.current: PlacedSection | None = None
        self.read_ahead = False
        self._known_sections: set[int] = set()
        self._known_symbols: set[str] = set()
        self._last: PlacedSection | None = None  # the last section with memory: `x = .` after it is listed with it
        self._load_reference: PlacedSection | None = None  # the section before, for the default load address
        self._prefer_next = False
        self._waiting: list[str] = []  # symbols `x = .` that belong to the next section
        self._by_name = {output.name: output for output in link.outputs}

    def run(self) -> None:
        placed = iter(self.link.outputs)
        for statement in self.link.script.statements:
            if isinstance(statement, OutputSection):
                if statement.name != DISCARD:
                    self._output_section(next(placed), statement)
            elif isinstance(statement, Assignment):
                self._assign(statement)
            else:
                self._assert(statement)
        self._give_waiting_symbols(self._last)

    # --- statements

    def _output_section(self, output: PlacedSection, script: OutputSection) -> None:
        has_symbols = any(isinstance(item, Assignment) for item in output.contents)
        if not output.is_kept and not has_symbols:
            self._known_sections.add(id(output))
            return
        dot_before = self.dot
        alignment = self._alignment(script)
        output.addralign = max([alignment, *(item.section.addralign for item in output.inputs)])
        if script.address is None:
            output.addr = align_up(self.dot, output.addralign)
        else:
            output.addr = align_up(self._evaluate(script.address).address, alignment)
        self._known_sections.add(id(output))
        output.lma = self._load_address(output, script)
        if output.is_kept:
            self._give_waiting_symbols(output)
        self._contents(output)
        if output.is_allocated and (output.size or output.inputs):
            self._load_reference = output
            if output.is_kept:
                self._last = output
        if not output.is_allocated and output.is_kept:
            self.dot = dot_before
        self._prefer_next = False

    def _alignment(self, script: OutputSection) -> int:
        if script.alignment is None:
            return 1
        value = self._evaluate(script.alignment).address
        if value & (value - 1):
            raise self._error(script.location, f"ALIGN({value:#x}): an alignment is a power of two")
        return max(value, 1)

    def _load_address(self, output: PlacedSection, script: OutputSection) -> int:
        """AT(); else as far from the address as the section before is; the address itself when addresses went back."""
        if script.load_address is not None:
            return self._evaluate(script.load_address).address
        reference = self._load_reference
        if reference is None or output.addr < reference.addr:
            return output.addr
        return u32(output.addr + reference.lma - reference.addr)

    def _contents(self, output: PlacedSection) -> None:
        self.current, self.dot = output, output.addr
        output.data_at = []
        for item in output.contents:
            if isinstance(item, InputSection):
                self.dot = align_up(self.dot, item.section.addralign)
                item.offset = self.dot - output.addr
                self.dot += item.section.size
            elif isinstance(item, Assignment):
                self._assign(item)
            elif isinstance(item, Data):
                output.data_at.append((self.dot - output.addr, item.size, self._evaluate(item.value).address))
                self.dot += item.size
            else:
                self._assert(item)
        output.size = self.dot - output.addr
        self.current = None

    def _assign(self, statement: Assignment) -> None:
        if statement.name == ".":
            self._move_dot(statement)
            return
        if statement.provide and not self._is_wanted(statement.name):
            return
        value = self._evaluate(statement.value)
        if self.current is not None and value.base is Base.NUMBER:
            value = Value(self.current.addr + value.address, self.current)
        section = value.section
        if self.current is None and section is None and value.from_dot:
            section = self._last
            if self._prefer_next or section is None:
                self._waiting.append(statement.name)
        self.link.script_symbols[statement.name] = ScriptSymbol(u32(value.address), value.section, section)
        self._known_symbols.add(statement.name)

    def _move_dot(self, statement: Assignment) -> None:
        value = self._evaluate(statement.value)
        if self.current is None:
            self.dot = value.address
            self._prefer_next = True
            return
        new_dot = value.address + (self.current.addr if value.base is Base.NUMBER else 0)
        if new_dot < self.dot:
            message = f"the location counter cannot move backwards, from {self.dot:#x} to {new_dot:#x}"
            raise self._error(statement.location, message)
        self.dot = new_dot

    def _assert(self, statement: Assertion) -> None:
        if not self._evaluate(statement.condition).address and self.is_final:
            raise self._error(statement.location, f"ASSERT failed: {statement.message}")

    def _is_wanted(self, name: str) -> bool:
        return name in self.link.referenced and name not in self.link.definitions

    def _give_waiting_symbols(self, output: PlacedSection | None) -> None:
        for name in self._waiting:
            self.link.script_symbols[name].section = output
        self._waiting.clear()

    # --- expressions

    def _evaluate(self, expression: Expression) -> Value:
        match expression:
            case Number(value):
                return self._absolute(value)
            case Name():
                return self._name(expression)
            case Binary():
                return self._binary(expression)
            case Unary():
                return self._unary(expression)
            case Conditional(condition, then, otherwise):
                return self._evaluate(then if self._evaluate(condition).address else otherwise)
            case NameCall():
                return self._name_call(expression)
            case Call():
                return self._call(expression)

    def _name(self, expression: Name) -> Value:
        if expression.name == ".":
            return self._at_dot(self.dot)
        by_script = self.link.script_symbols.get(expression.name)
        if by_script is not None:
            self.read_ahead |= expression.name not in self._known_symbols
            return (
                self._absolute(by_script.value)
                if by_script.relative_to is None
                else Value(by_script.value, by_script.relative_to)
            )
        definition = self.link.definitions.get(expression.name)
        if definition is None:
            return self._unknown(expression, "symbol", (*self.link.script_symbols, *self.link.definitions))
        symbol = definition.symbol
        if not isinstance(symbol.section, Section):
            return self._absolute(symbol.value)
        output = self.link.inputs[id(symbol.section)].output
        if output is None:
            return Value(0, Base.ABSOLUTE)
        self.read_ahead |= id(output) not in self._known_sections
        return Value(self.link.local_address(symbol), output)

    def _unknown(self, expression: Name | NameCall, what: str, known: tuple[str, ...]) -> Value:
        """Not defined yet: perhaps further down. In the final pass that is an error."""
        if self.is_final:
            message = f"undefined {what} {expression.name!r}{near_names(expression.name, known)}"
            raise self._error(expression.location, message)
        self.read_ahead = True
        return Value(0, Base.ABSOLUTE)

    def _absolute(self, value: int) -> Value:
        """A plain number or an absolute symbol: a number inside an output section, an address outside."""
        return Value(value, Base.ABSOLUTE if self.current is None else Base.NUMBER)

    def _at_dot(self, address: int) -> Value:
        return Value(address, self.current or Base.ABSOLUTE, from_dot=True)

    def _unary(self, expression: Unary) -> Value:
        value = self._evaluate(expression.operand)
        if expression.operator == "!":
            return Value(int(not value.offset), Base.NUMBER, value.from_dot)
        result = {"-": -value.offset, "~": ~value.offset, "+": value.offset}[expression.operator]
        start = value.section.addr if value.section is not None else 0
        return Value(u32(start + result), value.base, value.from_dot)

    def _binary(self, expression: Binary) -> Value:
        left, right = self._evaluate(expression.left), self._evaluate(expression.right)
        operator = expression.operator
        a, b, base = self._operands(left, right)
        if operator in _COMPARISONS:
            return Value(int(_COMPARISONS[operator](a, b)), Base.NUMBER)
        if operator in "/%" and b == 0:
            raise self._error(expression.location, "division by zero")
        result = _OPERATORS[operator](a, b)
        if isinstance(base, PlacedSection):
            result += base.addr
        from_dot = (left.from_dot or right.from_dot) and left.section is right.section is None
        return Value(u32(result), base, from_dot)

    def _operands(self, left: Value, right: Value) -> tuple[int, int, PlacedSection | Base]:
        """The two numbers to combine and what the result is relative to (ld manual, "The Section of an Expression")."""
        if self.current is None:
            return left.address, right.address, Base.ABSOLUTE
        if left.base is right.base:
            return left.offset, right.offset, Base.NUMBER
        if Base.NUMBER in (left.base, right.base):
            return left.offset, right.offset, right.base if left.base is Base.NUMBER else left.base
        return left.address, right.address, Base.NUMBER

    def _call(self, expression: Call) -> Value:
        values = [self._evaluate(argument) for argument in expression.arguments]
        first = values[0]
        match expression.function:
            case "ALIGN" if len(values) == 1:
                return self._at_dot(self._aligned(self.dot, first.address, expression))
            case "ALIGN" if self.current is not None and first.section is not None:
                offset = self._aligned(first.offset, values[1].address, expression)
                return Value(first.section.addr + offset, first.section)
            case "ALIGN":
                return self._absolute(self._aligned(first.address, values[1].address, expression))
            case "MAX":
                return max(values, key=lambda value: value.address)
            case "MIN":
                return min(values, key=lambda value: value.address)
            case "LOG2CEIL":
                return Value(max(first.address - 1, 0).bit_length(), Base.NUMBER)
            case _:
                return Value(first.address, Base.ABSOLUTE)

    def _aligned(self, value: int, alignment: int, expression: Call) -> int:
        if alignment & (alignment - 1):
            raise self._error(expression.location, f"ALIGN to {alignment:#x}: an alignment is a power of two")
        return align_up(value, alignment) if alignment else value

    def _name_call(self, expression: NameCall) -> Value:
        if expression.function == "DEFINED":
            return Value(int(self._is_defined(expression.name)), Base.NUMBER)
        output = self._by_name.get(expression.name)
        if output is None:
            return self._unknown(expression, "output section", tuple(self._by_name))
        self.read_ahead |= id(output) not in self._known_sections
        match expression.function:
            case "ADDR":
                return Value(output.addr, output)
            case "LOADADDR":
                return Value(output.lma, Base.ABSOLUTE)
            case "SIZEOF":
                return Value(output.size, Base.NUMBER)
            case _:
                return Value(output.addralign, Base.NUMBER)

    def _is_defined(self, name: str) -> bool:
        """By an object anywhere, or by the script above this place."""
        return name in self.link.definitions or name in self._known_symbols

    def _error(self, location: Location, message: str) -> SourceError:
        return self.link.script.error_at(location, message)
