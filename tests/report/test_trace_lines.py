"""The trace as JSON Lines."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

import minikernel.kernel.events as kernel_events
import minikernel.machine.events as machine_events
from minikernel.kernel.events import InitcallFinished, MemoryFreed, Milestone, MilestoneName
from minikernel.machine.events import Event, ExceptionTaken
from minikernel.machine.exceptions import ExceptionKind
from minikernel.report.trace_lines import event_record, trace_lines

EVENTS = sorted(
    {
        kind
        for module in (kernel_events, machine_events)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    },
    key=lambda kind: kind.__name__,
)


def test_line_begins_with_icount_time_and_the_events_name() -> None:
    event = InitcallFinished(110, 1_103_000, "iommu_init", "arch", 0xC0012340, 1_100_000, -19)
    assert list(trace_lines([event])) == [
        '{"icount":110,"time_ns":1103000,"event":"InitcallFinished","name":"iommu_init","level":"arch",'
        '"address":3221300032,"called_ns":1100000,"returned":-19}\n'
    ]


def test_enums_and_tuples_become_plain_json() -> None:
    milestone = event_record(Milestone(1, 2, MilestoneName.FIRST_PICTURE, 10, "x"))
    assert milestone["name"] == "first_picture"
    freed = event_record(MemoryFreed(1, 2, 0, 4096, 1, "initrd", "a", ("a", "b")))
    assert freed["callers"] == ["a", "b"]
    taken = event_record(ExceptionTaken(1, 2, ExceptionKind.DATA_ABORT, 4, None))
    assert (taken["kind"], taken["address"]) == ("data abort", None)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_is_documented_and_keeps_the_bases_fields_first(kind: type[Event]) -> None:
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")
    assert [field.name for field in fields(kind)][:2] == ["icount", "time_ns"]
    assert "event" not in {field.name for field in fields(kind)}


def test_each_line_is_one_json_object_whatever_the_text() -> None:
    text = 'quote " backslash \\ newline \n line separator \u2028 ü'
    (line,) = trace_lines([machine_events.ConsoleOutput(1, 2, text)])
    assert line.count("\n") == 1
    assert json.loads(line)["text"] == text
