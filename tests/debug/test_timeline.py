"""Back and forward again is as if one had never left: processor, memory, devices, clock, console, trace, listeners."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import pytest
from tiny_guest import tiny

from minikernel.debug.timeline import DivergenceError, Push, Timeline
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.events import ConsoleOutput
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopKind
from minikernel.power_on import BootOptions, prepare, tell_story

POINTS = 200

# Counts in r0, keeps the count in memory, prints a letter every 64 rounds, adds up what is typed.
COUNTER = """
        ldr     r1, =0x80200000
        ldr     r2, =0x1c090000
        ldr     r3, =0x301
        str     r3, [r2, #0x30]
        mov     r0, #0
1:      add     r0, r0, #1
        str     r0, [r1]
        tst     r0, #63
        andeq   r3, r0, #0x1f
        addeq   r3, r3, #0x40
        streq   r3, [r2]
        ldr     r3, [r2, #0x18]
        tst     r3, #0x10
        ldreq   r3, [r2]
        addeq   r4, r4, r3
        b       1b
"""


class Moment:
    """What can be seen of a machine."""

    def __init__(self, machine: Machine) -> None:
        self.icount = machine.icount
        self.state = machine.state_hash()
        self.console = b"".join(machine.console)
        self.trace = list(machine.trace)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and vars(self) == vars(other)


def straight(machine: Machine, points: Sequence[int], pushes: Sequence[Push]) -> dict[int, Moment]:
    """The moments at `points` of one run that never goes back, with the inputs where they came."""
    places = sorted({*points, *(push.icount for push in pushes)})
    moments = {}
    for place in places:
        while machine.icount < place:
            machine.run(max_instructions=place - machine.icount)
        moments[place] = Moment(machine)
        for push in pushes:
            if push.icount == place:
                machine.inputs.push_stamped(push.stamped)
    return moments


@cache
def boot() -> tuple[KernelMachine, Timeline]:
    """The default boot to power-off, recorded."""
    machine = prepare(BootOptions())
    timeline = Timeline(machine)
    assert tell_story(machine).kind is StopKind.POWER_OFF
    return machine, timeline


def test_any_point_of_the_boot_is_the_same_again() -> None:
    machine, timeline = boot()
    timeline.goto_end()
    end = Moment(machine)
    chance = random.Random(4)
    points = [chance.randrange(timeline.end) for _ in range(POINTS)]
    expected = straight(prepare(BootOptions()), points, timeline.pushes)
    for point in points:
        timeline.goto(point)
        assert Moment(machine) == expected[point]
        timeline.goto(min(point + chance.randrange(200_000), timeline.end))
        timeline.goto(point)
        assert Moment(machine) == expected[point]
    timeline.goto_end()
    assert Moment(machine) == end


def test_a_rerun_of_the_whole_boot_passes_every_mark_and_ends_the_same() -> None:
    machine, timeline = boot()
    timeline.goto_end()
    end = Moment(machine)
    timeline.goto(0)
    timeline.goto(timeline.end)
    timeline.goto_end()
    assert Moment(machine) == end


def counter(recorded: int = 100_000, **options: int) -> tuple[Machine, Timeline]:
    machine = tiny(COUNTER)
    timeline = Timeline(machine, **options)
    machine.run(max_instructions=recorded)
    return machine, timeline


def test_going_back_past_the_start_stops_at_the_start() -> None:
    machine = tiny(COUNTER)
    machine.run(max_instructions=500)
    timeline = Timeline(machine)
    machine.run(max_instructions=500)
    timeline.goto(3)
    assert machine.icount == timeline.start == 500


def test_listeners_hear_everything_once() -> None:
    machine = tiny(COUNTER)
    timeline = Timeline(machine)
    heard: list[bytes] = []
    events: list[object] = []
    machine.on_console.append(heard.append)
    machine.trace.listeners.append(events.append)
    machine.inputs.push(ConsoleInput(b"x"), at_icount=40_000)
    machine.run(max_instructions=60_000)
    timeline.goto(30_000)
    machine.run(max_instructions=50_000)
    straight_on = tiny(COUNTER)
    straight_on.inputs.push(ConsoleInput(b"x"), at_icount=40_000)
    straight_on.run(max_instructions=80_000)
    assert heard == list(machine.console) == list(straight_on.console)
    assert events == list(machine.trace) == list(straight_on.trace)


def test_watchers_of_the_trace_hear_a_rerun_too() -> None:
    machine = tiny(COUNTER.replace("addeq   r3, r3, #0x40", "moveq   r3, #10"))
    timeline = Timeline(machine)
    machine.run(max_instructions=20_000)
    lines = machine.trace.of(ConsoleOutput)
    heard: list[object] = []
    machine.trace.watchers.append(heard.append)
    timeline.goto(0)
    timeline.goto(20_000)
    assert heard == lines
    assert lines


def test_an_input_that_lay_ahead_comes_again_when_it_came() -> None:
    machine, timeline = counter(10_000)
    machine.inputs.push(ConsoleInput(b"ab"))
    machine.run(max_instructions=10_000)
    after = Moment(machine)
    timeline.goto(5_000)
    assert not machine.inputs.waiting
    assert machine.cpu.r(4) == 0
    timeline.goto(20_000)
    assert Moment(machine) == after
    assert machine.cpu.r(4) == ord("a") + ord("b")


def test_an_input_in_the_past_begins_a_new_future() -> None:
    machine, timeline = counter(10_000)
    machine.inputs.push(ConsoleInput(b"a"))
    machine.run(max_instructions=10_000)
    timeline.goto(5_000)
    machine.inputs.push(ConsoleInput(b"b"))
    assert timeline.end == 5_000
    machine.run(max_instructions=15_000)
    assert machine.cpu.r(4) == ord("b")
    timeline.goto(4_000)
    timeline.goto(20_000)
    assert machine.cpu.r(4) == ord("b")


def test_a_change_by_the_host_is_part_of_the_record() -> None:
    machine, timeline = counter(10_000)
    machine.cpu.set_r(0, 5_000_000)
    machine.run(max_instructions=10_000)
    changed = Moment(machine)
    timeline.goto(5_000)
    assert machine.cpu.r(0) < 1000
    timeline.goto(20_000)
    assert Moment(machine) == changed
    assert machine.cpu.r(0) > 5_000_000


def test_a_change_in_the_past_drops_the_future() -> None:
    machine, timeline = counter(50_000)
    timeline.goto(30_000)
    machine.write(0x80200000, b"\xff\xff\xff\xff")
    machine.run(max_instructions=1)
    assert timeline.end == 30_001
    assert not timeline.is_rerun


def test_a_change_behind_the_records_back_is_noticed() -> None:
    machine, timeline = counter(300_000)
    timeline.goto(1_000)
    machine.ram.buffer[0x300000] = 1  # past every notice
    machine.ram.dirty.add(0x300)
    with pytest.raises(DivergenceError, match="RAM at offset 0x300000 differs"):
        timeline.goto(300_000)


def test_memory_is_bounded_and_every_moment_stays_reachable() -> None:
    limit = 4 << 20
    machine = tiny(COUNTER)
    timeline = Timeline(machine, memory_limit=limit)
    points = []
    for _ in range(600):
        machine.run(max_instructions=1_000)
        timeline.keep_mark()
        points.append(machine.icount)
        assert timeline.recording.size <= limit
    rounds = {}
    for point in (points[3], points[299], points[-2]):
        timeline.goto(point)
        rounds[point] = machine.cpu.r(0)
    fresh = tiny(COUNTER)
    for point, count in rounds.items():
        fresh.run(max_instructions=point - fresh.icount)
        assert fresh.cpu.r(0) == count
    assert len(timeline.marks_before(timeline.end)) < 600


def test_time_can_be_gone_to() -> None:
    machine, timeline = counter(100_000)
    timeline.goto_time(250_000)
    assert (machine.icount, machine.time_ns) == (25_000, 250_000)
    timeline.goto_time(1_500_000)
    assert machine.icount == 150_000


def test_the_end_is_come_back_to_as_it_was_left() -> None:
    machine, timeline = boot()
    timeline.goto_end()
    machine.run(max_instructions=0)
    before = Moment(machine)
    here = timeline.keep_here()
    timeline.goto(100_000)
    timeline.come_back(here)
    assert Moment(machine) == before
    assert not timeline.is_rerun
