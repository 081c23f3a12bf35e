"""The table of directives, the few that ask something of the machine, and how statements are executed.

The law of this dialect: a directive that is not in the table is refused. Each is a function of the Assembler and the
Statement; it reads its operands with operands.py, acts on the Assembler's public parts and raises Problem.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikernel.elf.attributes import CORTEX_A15
from minikernel.errors import near_names
from minikernel.toolchain.data_directives import DATA_DIRECTIVES
from minikernel.toolchain.definitions import definitions
from minikernel.toolchain.flow_directives import FLOW_DIRECTIVES, expand_macro
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.operands import no_operands
from minikernel.toolchain.section_directives import SECTION_DIRECTIVES
from minikernel.toolchain.statement import Statement, StatementKind
from minikernel.toolchain.symbol_directives import SYMBOL_DIRECTIVES, assignment

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]

# --- the machine ------------------------------------------------------------------------------------------------------


# Tags of .ARM.attributes (Addenda to the Arm ABI, "Build attributes") that .cpu and .arch choose, as in GNU as.
_V7A: tuple[tuple[int, int | str], ...] = ((5, "7-A"), (6, 10), (7, ord("A")), (8, 1), (9, 2))
_V7VE: tuple[tuple[int, int | str], ...] = ((5, "7VE"), *_V7A[1:], (42, 1), (44, 2), (68, 3))
_CPUS = {"cortex-a15": CORTEX_A15}
_ARCHITECTURES = {"armv7-a": _V7A, "armv7ve": _V7VE}


def _cpu(assembler: Assembler, statement: Statement) -> None:
    """.cpu cortex-a15"""
    name = statement.operands.lower()
    if name not in _CPUS:
        raise Problem("expected cortex-a15, the CPU of the board", statement.operands_column)
    assembler.attributes = _CPUS[name]


def _arch(assembler: Assembler, statement: Statement) -> None:
    """.arch armv7-a"""
    name = statement.operands.lower()
    if name not in _ARCHITECTURES:
        raise Problem("expected armv7-a or armv7ve, what the Cortex-A15 is", statement.operands_column)
    assembler.attributes = _ARCHITECTURES[name]


def _syntax(assembler: Assembler, statement: Statement) -> None:
    """.syntax unified"""
    if statement.operands.lower() != "unified":
        raise Problem("expected `unified`; the old divided syntax is not in this dialect", statement.operands_column)


def _arm(assembler: Assembler, statement: Statement) -> None:
    """.arm"""
    no_operands(statement)


def _code(assembler: Assembler, statement: Statement) -> None:
    """.code 32"""
    if statement.operands != "32":
        raise Problem("expected 32; Thumb code is not in this dialect", statement.operands_column)


# --- tables -----------------------------------------------------------------------------------------------------------

_MACHINE_DIRECTIVES: dict[str, Directive] = {
    ".cpu": _cpu,
    ".arch": _arch,
    ".syntax": _syntax,
    ".arm": _arm,
    ".code": _code,
}

DIRECTIVES: dict[str, Directive] = {
    **_MACHINE_DIRECTIVES,
    **DATA_DIRECTIVES,
    **SYMBOL_DIRECTIVES,
    **SECTION_DIRECTIVES,
    **FLOW_DIRECTIVES,
}

_REFUSED = {
    ".incbin": "it would read a file of the host; the build turns files into .word lists",
    ".thumb": "the guest is ARM state only",
    ".thumb_func": "the guest is ARM state only",
    ".req": "use the register's own name",
    ".unreq": "use the register's own name",
    ".subsection": "name a section of its own",
    ".altmacro": "write the macro in the usual mode",
    ".fpu": "the kernel uses no floating point",
    ".endm": "there is no .macro open here",
    ".endr": "there is no .rept, .irp or .irpc open here",
    ".comm": "reserve it in .bss with .space",
    ".lcomm": "reserve it in .bss with .space",
}


# --- execution by kind ------------------------------------------------------------------------------------------------


def _execute_label(assembler: Assembler, statement: Statement) -> None:
    assembler.define_label(statement.op, statement.column)


def _execute_local_label(assembler: Assembler, statement: Statement) -> None:
    assembler.define_local(int(statement.op))


def _execute_directive(assembler: Assembler, statement: Statement) -> None:
    directive = DIRECTIVES.get(statement.op)
    if directive is not None:
        directive(assembler, statement)
        return
    if statement.op in _REFUSED:
        raise Problem(f"`{statement.op}` is not in this dialect: {_REFUSED[statement.op]}", statement.column)
    raise Problem(f"unknown directive `{statement.op}`{near_names(statement.op, DIRECTIVES)}", statement.column)


def _execute_operation(assembler: Assembler, statement: Statement) -> None:
    macro = assembler.macros.get(statement.op.lower())
    if macro is not None:
        expand_macro(assembler, macro, statement)
    else:
        assembler.code.write(statement)


def _execute_wrong(assembler: Assembler, statement: Statement) -> None:
    raise Problem(statement.op, statement.column)


EXECUTORS: dict[StatementKind, Directive] = {
    StatementKind.LABEL: _execute_label,
    StatementKind.LOCAL_LABEL: _execute_local_label,
    StatementKind.DIRECTIVE: _execute_directive,
    StatementKind.OPERATION: _execute_operation,
    StatementKind.ASSIGNMENT: assignment,
    StatementKind.DEFINITIONS: definitions,
    StatementKind.BLOCK: _execute_directive,
    StatementKind.WRONG: _execute_wrong,
}
