"""Reading the operands of a directive from left to right.

The law of this page: what is read here depends on the text alone, so that the result may be kept in the Statement.
"""

from __future__ import annotations

from minikernel.toolchain.expression import Node, parse_expression
from minikernel.toolchain.lexer import Kind, Problem, Token, tokenize, unescape
from minikernel.toolchain.statement import Statement


class Operands:
    """The operands of one statement, read from left to right."""

    def __init__(self, statement: Statement, start: int | None = None) -> None:
        """`start`: the column to read from, when not the operands' first."""
        self.tokens = tokenize(statement.text, statement.operands_column if start is None else start)
        self.index = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def at_end(self) -> bool:
        return self.next.kind is Kind.END

    def expect(self, mark: str) -> None:
        if self.next.value != mark or self.next.kind is not Kind.MARK:
            raise Problem(f"expected `{mark}`, found {self.found()}", self.next.column)
        self.index += 1

    def accept(self, mark: str) -> bool:
        if self.next.kind is Kind.MARK and self.next.value == mark:
            self.index += 1
            return True
        return False

    def found(self) -> str:
        return "the end of the line" if self.at_end() else f"`{self.next.value}`"

    def name(self, what: str) -> tuple[str, int]:
        token = self.next
        if token.kind is Kind.STRING or token.kind is Kind.NAME:
            self.index += 1
            return str(token.value), token.column
        raise Problem(f"expected {what}, found {self.found()}", token.column)

    def string(self) -> bytes:
        token = self.next
        if token.kind is not Kind.STRING:
            raise Problem(f"expected a string in double quotes, found {self.found()}", token.column)
        self.index += 1
        return unescape(str(token.value), token.column)

    def expression(self) -> Node:
        node, self.index = parse_expression(self.tokens, self.index)
        return node

    def end(self) -> None:
        if not self.at_end():
            raise Problem(f"expected the end of the line, found {self.found()}", self.next.column)


def expression_list(statement: Statement) -> list[Node]:
    """A comma-separated list of expressions, compiled once."""
    if statement.compiled is None:
        operands = Operands(statement)
        nodes = []
        if not operands.at_end():
            nodes.append(operands.expression())
            while operands.accept(","):
                nodes.append(operands.expression())
        operands.end()
        statement.compiled = nodes
    compiled: list[Node] = statement.compiled
    return compiled


def no_operands(statement: Statement) -> None:
    """Raises Problem when there are any."""
    if statement.operands:
        raise Problem(f"`{statement.op}` takes no operand", statement.operands_column)
