"""`.if` and its kin: which statements are executed.

The law of this page: a stack of `Conditional`s and nothing else; the tests' values come from outside.
"""

from __future__ import annotations

from dataclasses import dataclass

from minikernel.toolchain.lexer import Problem


@dataclass(slots=True)
class Conditional:
    """One open `.if`. `live`: this branch is executed; `done`: no further branch can be."""

    opened_at: object
    live: bool
    done: bool
    in_else: bool = False


class Conditionals:
    """The open `.if`s, innermost last. `skipping` tells whether statements are passed over."""

    def __init__(self) -> None:
        self.stack: list[Conditional] = []
        self.skipping = False

    def open(self, truth: bool, opened_at: object) -> None:
        """`.if` in executed text, with its test's value."""
        self.stack.append(Conditional(opened_at, truth, truth))
        self.skipping = not truth

    def open_skipped(self, opened_at: object) -> None:
        """`.if` in skipped text: no branch of it is executed."""
        self.stack.append(Conditional(opened_at, live=False, done=True))

    def needs_test(self) -> bool:
        """Whether the test of an `.elseif` here matters. Raises Problem outside an `.if`."""
        return not self._innermost(".elseif").done

    def elseif(self, truth: bool) -> None:
        """The next branch; `truth` counts only when needs_test()."""
        innermost = self._innermost(".elseif")
        if innermost.in_else:
            raise Problem(".elseif after .else")
        innermost.live = truth and not innermost.done
        innermost.done = innermost.done or innermost.live
        self.skipping = not innermost.live

    def otherwise(self) -> None:
        """`.else`."""
        innermost = self._innermost(".else")
        if innermost.in_else:
            raise Problem("a second .else in one .if")
        innermost.in_else = True
        innermost.live = not innermost.done
        innermost.done = True
        self.skipping = not innermost.live

    def close(self) -> None:
        """`.endif`."""
        self._innermost(".endif")
        self.stack.pop()
        self.skipping = bool(self.stack) and not self.stack[-1].live

    def unwind(self, depth: int) -> None:
        """Forget the `.if`s opened since the stack was `depth` deep (`.exitm`)."""
        del self.stack[depth:]
        self.skipping = bool(self.stack) and not self.stack[-1].live

    def _innermost(self, directive: str) -> Conditional:
        if not self.stack:
            raise Problem(f"{directive} without .if")
        return self.stack[-1]
