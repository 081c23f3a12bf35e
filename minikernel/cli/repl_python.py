"""`py`: the reader's own Python in a session."""

from __future__ import annotations

import code

from minikernel.errors import MinikernelError


class PythonError(MinikernelError):
    """The reader's code failed; str() is the traceback."""


class _Interpreter(code.InteractiveInterpreter):
    """Keeps what the interpreter has to complain about."""

    def __init__(self, names: dict[str, object]) -> None:
        super().__init__(names)
        self.complaint = ""

    def write(self, data: str) -> None:
        self.complaint += data


def run_python(text: str, names: dict[str, object], is_block: bool = False) -> None:
    """Run code with these names; a single expression is printed, as at Python's prompt. Raises PythonError."""
    interpreter = _Interpreter(names)
    is_unfinished = interpreter.runsource(text, "<py>", "exec" if is_block else "single")
    if interpreter.complaint:
        raise PythonError(interpreter.complaint.strip())
    if is_unfinished:
        raise PythonError(f"the code is not finished: {text!r}; `py` alone takes several lines")
