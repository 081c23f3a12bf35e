"""What lab 11 looks at: the answers, against the same search made here; and the ring after many looks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from minikernel.debug.debugger import Debugger
from minikernel.labs.checking import Checking
from minikernel.labs.lab import Lab
from minikernel.labs.trees import on_disk, start_tree
from minikernel.power_on import BootOptions, prepare

BUDGET = 25_000_000
RING_WORDS = 16
LOOKS = 40
VALID = 1 << 31


@dataclass(frozen=True)
class Crime:
    """What happened in the kernel that the lab begins with."""

    word: str
    writer: str
    look: int


@cache
def _truth(slug: str) -> Crime:
    """Boots the lab's start into its crash and goes back to the last store to the word jumped through."""
    with on_disk(start_tree(Lab.find(slug))) as tree:
        machine = prepare(BootOptions(tree=tree))
        debugger = Debugger(machine)
        debugger.budget = BUDGET
        debugger.cont()
        word = "visits_tell"
        write = debugger.last_writer(word)
        if write is None:
            raise ValueError(f"{slug}: nobody wrote {word} in the kernel this lab begins with")
        debugger.goto(write.icount)
        return Crime(word, write.where, machine.read_word(machine.symbol("visits_count")) + 1)


def check_word(check: Checking) -> None:
    check.looked_at("`word` in answers.toml")
    _compare(check, "word", _truth(check.lab.slug).word)


def check_writer(check: Checking) -> None:
    check.looked_at("`writer` in answers.toml")
    _compare(check, "writer", _truth(check.lab.slug).writer)


def check_look(check: Checking) -> None:
    check.looked_at("`look` in answers.toml")
    _compare(check, "look", _truth(check.lab.slug).look)


def check_mended(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at(f"visits_ring, visits_next, visits_tell and visits_count, look by look, {LOOKS} of them")
    place = run.place("visits_note")
    ring = machine.symbol("visits_ring")
    tell = machine.read_word(machine.symbol("visits_tell"))
    check.equal("visits_tell points to visits_short", machine.symbolize(tell), "visits_short", place=place)
    count = machine.read_word(machine.symbol("visits_count"))
    for look in range(count, count + LOOKS):
        before = _words(machine.read(ring, 4 * RING_WORDS))
        machine.call("visits_note")
        after = _words(machine.read(ring, 4 * RING_WORDS))
        changed = [index for index in range(RING_WORDS) if after[index] != before[index]]
        now = VALID | machine.time_ns // 1000
        saw = (
            changed,
            machine.read_word(machine.symbol("visits_count")),
            machine.read_word(machine.symbol("visits_tell")),
        )
        if saw != ([look % RING_WORDS], look + 1, tell) or not now - 50 <= after[look % RING_WORDS] <= now:
            expected = ([look % RING_WORDS], look + 1, tell)
            check.bad(
                f"look {look + 1}: words changed, visits_count, visits_tell: saw {saw}, expected {expected}",
                place=place,
            )
            return
    check.good(f"{LOOKS} looks, each in its word of the ring", place=place)


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def _compare(check: Checking, name: str, right: str | int) -> None:
    """Without giving it away: whether the answer is what the same search found here."""
    answer = check.answers().get(name)
    kind = "text" if isinstance(right, str) else "number"
    if isinstance(answer, bool) or not isinstance(answer, type(right)):
        check.bad(f"{name} = {answer!r}: expected one {kind}", place="answers.toml")
    elif answer in ("", 0):
        check.missing(f"{name}: no answer yet", place="answers.toml")
    elif answer == right:
        check.good(f"{name} = {answer!r}", place="answers.toml")
    else:
        check.bad(f"{name} = {answer!r}: this is not what happened in the kernel you were given", place="answers.toml")
