"""What lab 06 looks at: answers of search_table, the calls of strcmp behind them, and the instructions they took."""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minikernel.kernel.machine import KernelMachine
from minikernel.labs.checking import Checking, Run
from minikernel.machine.probes import Hit

ROWS = 1024
ROW_SIZE, KSYM_NAME = 12, 4
SMALL = (0, 1, 2, 3, 7)
#: Instructions that one search may take: eleven names compared take about 1000, a thousand names some 80,000.
QUICK = 5000


@dataclass(frozen=True)
class Answer:
    """One search: index of the row or None, what r1 said, strcmp's calls, instructions."""

    row: int | None
    compares: int
    strcmp_calls: int
    instructions: int


@dataclass(frozen=True)
class SearchedTable:
    """A table of exports in guest memory, and the student's search of it. `strcmp_calls` has one number: so far."""

    machine: KernelMachine
    address: int
    names: Sequence[str]
    strcmp_calls: list[int]

    def search(self, name: str) -> Answer:
        """Calls search_table; an answer that is no row of the table is index -1."""
        machine, calls, begun = self.machine, self.strcmp_calls[0], self.machine.icount
        row, compares = machine.call("search_table", name, self.address, len(self.names))
        index, rest = divmod(row - self.address, ROW_SIZE)
        known = 0 <= index < len(self.names) and rest == 0
        return Answer(
            None if row == 0 else index if known else -1, compares, self.strcmp_calls[0] - calls, machine.icount - begun
        )


def check_picture(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the moment of the first picture")
    check.equal("the first picture was taken", "first_picture" in [each.value for each in run.machine.milestones], True)


def check_linear(check: Checking) -> None:
    run = check.run("linear")
    check.looked_at("the names compared on the way to row 0, 9 and 99, with module_lookup=linear")
    table = _table(run, ROWS)
    for index in (0, 9, 99):
        answer = table.search(table.names[index])
        check.equal(f"row, names compared for row {index}", (answer.row, answer.strcmp_calls), (index, index + 1))


def check_found(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at(f"search_table in a table of {ROWS} rows, every 13th of them, the first and the last")
    table = _table(run, ROWS)
    answers = {index: table.search(table.names[index]) for index in (*range(0, ROWS, 13), 1, ROWS // 2, ROWS - 1)}
    wrong = {index: answer.row for index, answer in answers.items() if answer.row != index}
    slowest = max(answer.instructions for answer in answers.values())
    place = run.place("search_table")
    check.equal("rows not found, and what was answered", dict(list(wrong.items())[:5]), {}, place=place)
    _check_quick(check, slowest, place)


def check_absent(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at(f"search_table for names that a table of {ROWS} rows has not")
    table = _table(run, ROWS)
    names = ("", "a", "sym_", table.names[0] + "x", table.names[500] + "x", table.names[-1] + "x", "zzz")
    answers = {name: table.search(name) for name in names}
    place = run.place("search_table")
    for name, answer in answers.items():
        check.equal(
            f"{name!r}: row, at least one name compared",
            (answer.row, answer.strcmp_calls > 0),
            (None, True),
            place=place,
        )
    _check_quick(check, max(answer.instructions for answer in answers.values()), place)


def check_small(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("search_table in small tables, every row and names that are not there")
    place = run.place("search_table")
    for rows in SMALL:
        table = _table(run, rows)
        answers = [table.search(name) for name in (*table.names, "zzz", "a")]
        check.equal(f"{rows} rows", [answer.row for answer in answers], [*range(rows), None, None], place=place)
        _check_few(check, f"{rows} rows", answers, rows, place)


def check_counted(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at(f"r1, and how often search_table called strcmp, in a table of {ROWS} rows")
    table = _table(run, ROWS)
    place = run.place("search_table")
    for name in (table.names[0], table.names[1], table.names[511], table.names[512], table.names[-1], "zzz"):
        answer = table.search(name)
        check.equal(f"{name}: r1", answer.compares, answer.strcmp_calls, place=place)
        check.equal(f"{name}: compared with anything", answer.strcmp_calls > 0, True, place=place)
        _check_few(check, name, [answer], ROWS, place)


def check_kernel(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at("the kernel's own exports, then `exporter` and `user`, which import from it and from one another")
    start, stop = machine.symbol("__start___ksymtab"), machine.symbol("__stop___ksymtab")
    texts = [machine.read_word(row + KSYM_NAME) for row in range(start, stop, ROW_SIZE)]
    table = _watched(machine, start, [machine.read_cstring(text) for text in texts], texts)
    answers = [table.search(name) for name in table.names]
    wrong = [name for index, name in enumerate(table.names) if answers[index].row != index]
    place = run.place("search_table")
    check.equal(f"of {len(texts)} exports of the kernel not found", wrong[:5], [], place=place)
    _check_few(check, "exports of the kernel", answers, len(texts), place)
    machine.insmod("exporter")
    machine.insmod("user")
    check.equal("modules, newest first", [module.name for module in machine.modules], ["user", "exporter"])


def _check_few(check: Checking, what: str, answers: Sequence[Answer], rows: int, place: str) -> None:
    """By halves, and once more for who asks "is it this one?" only when a single row is left."""
    most, enough = max(answer.strcmp_calls for answer in answers), rows.bit_length() + (rows > 0)
    check.equal(f"{what}: at most {most} names compared, {enough} are enough", most <= enough, True, place=place)


def _check_quick(check: Checking, slowest: int, place: str) -> None:
    what = f"instructions of the slowest search ({slowest:,}) below {QUICK:,}"
    check.equal(what, slowest < QUICK, True, place=place)


def _table(run: Run, rows: int) -> SearchedTable:
    """A sorted table in free pages of the guest; row i has the value i."""
    machine = run.machine
    names = [f"sym_{index * 40503:08x}" for index in range(rows)]
    base, _ = machine.call("alloc_pages", 3)
    at = base + ROW_SIZE * (rows + 1)
    table, texts, begins = b"", b"", list[int]()
    for index, name in enumerate(names):
        begins.append(at + len(texts))
        table += struct.pack("<III", index, begins[-1], 0)
        texts += name.encode() + b"\0"
    machine.write(base, table.ljust(at - base, b"\xff") + texts)
    return _watched(machine, base, names, begins)


def _watched(machine: KernelMachine, address: int, names: Sequence[str], texts: Collection[int]) -> SearchedTable:
    """The table, with its comparisons counted. strcmp's loop goes through its entry: one is where a name begins."""
    calls, begins = [0], frozenset(texts)

    def count(hit: Hit) -> None:
        calls[0] += hit.args[0] in begins or hit.args[1] in begins

    machine.add_probe("strcmp", on_entry=count)
    return SearchedTable(machine, address, names, calls)
