"""What Gradescope's specification says about results.json, as rules that name what breaks them.

Source: gradescope-autograders.readthedocs.io, "Autograder Specifications": Output format, Controlling test case
visibility, Output string formatting, Test case status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NUMBER = (int, float)
_FORMATS = {"text", "html", "simple_format", "md", "ansi"}
_VISIBLE = {"hidden", "after_due_date", "after_published", "visible"}

#: Field -> its type or the values it may have.
_WHOLE: Mapping[str, Any] = {
    "score": _NUMBER,
    "execution_time": _NUMBER,
    "output": str,
    "output_format": _FORMATS,
    "test_output_format": _FORMATS,
    "test_name_format": _FORMATS,
    "visibility": _VISIBLE,
    "stdout_visibility": _VISIBLE,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
_TEST: Mapping[str, Any] = {
    "score": _NUMBER,
    "max_score": _NUMBER,
    "status": {"passed", "failed"},
    "name": str,
    "name_format": _FORMATS,
    "number": str,
    "output": str,
    "output_format": _FORMATS,
    "tags": list,
    "visibility": _VISIBLE,
    "extra_data": dict,
}


def broken_rules(content: Mapping[str, Any]) -> list[str]:
    """Every rule that results.json breaks; empty when it is valid."""
    found = [*_fields("results", content, _WHOLE)]
    tests = content.get("tests", [])
    if "score" not in content and (not tests or any("score" not in test for test in tests)):
        found.append("score is neither on the whole nor on each test")
    for number, test in enumerate(tests):
        found += _fields(f"tests[{number}]", test, _TEST)
    return found


def _fields(where: str, content: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        rule = rules.get(name)
        if rule is None:
            yield f"{where}: no field {name}"
        elif isinstance(rule, set):
            if value not in rule:
                yield f"{where}.{name}: {value!r} is none of {sorted(rule)}"
        elif not isinstance(value, rule) or isinstance(value, bool):
            yield f"{where}.{name}: {value!r} has the wrong type"
