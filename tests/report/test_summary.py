"""The JSON object of a boot."""

from __future__ import annotations

import hashlib
import json

import pytest

from minikernel.board.scene import default_scene
from minikernel.kernel.initcalls import LEVELS
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.machine.stop import StopReason
from minikernel.power_on import BootOptions, prepare, tell_story
from minikernel.report.summary import summary, summary_text


@pytest.fixture(scope="module")
def ended() -> tuple[KernelMachine, StopReason]:
    machine = prepare(BootOptions())
    return machine, tell_story(machine)


def test_keys_are_exactly_the_documented_ones(ended: tuple[KernelMachine, StopReason]) -> None:
    value = summary(*ended, default_scene())
    assert list(value) == [
        "stop", "virtual_us", "instructions", "initcalls", "frees", "modules", "milestones", "memory", "picture",
    ]  # fmt: skip
    assert list(value["initcalls"][0]) == ["name", "level", "address", "called_us", "returned", "usecs"]
    assert list(value["frees"][0]) == ["at_us", "start", "end", "bytes", "pages", "what", "by"]
    assert list(value["milestones"]) == [
        "userspace_us", "first_picture_us", "deferred_done_us", "initmem_freed_us", "picture_downloaded_us",
    ]  # fmt: skip
    assert list(value["memory"]) == ["total_pages", "free_pages_at_userspace", "free_pages_at_stop"]
    assert list(value["picture"]) == ["bytes", "sha256"]


def test_loaded_modules_are_in_the_object() -> None:
    machine = prepare(BootOptions(drivers={"pl031": "m"}))
    stop = machine.run(until="shell")
    (module,) = summary(machine, stop, None)["modules"]
    assert list(module) == [
        "at_us", "name", "file_bytes", "kept_bytes", "pages", "pages_after_init", "relocations", "lookups", "compares",
    ]  # fmt: skip
    assert (module["name"], module["pages"] - module["pages_after_init"]) == ("pl031", 1)


def test_values_are_those_of_the_run(ended: tuple[KernelMachine, StopReason]) -> None:
    machine, stop = ended
    value = summary(machine, stop, default_scene())
    assert value["stop"] == "power-off"
    assert (value["virtual_us"], value["instructions"]) == (stop.time_ns // 1000, stop.icount)
    assert {call["level"] for call in value["initcalls"]} <= set(LEVELS)
    start, end = init_range(machine.image)
    (free,) = value["frees"]
    assert (free["start"], free["end"], free["bytes"]) == (start, end, end - start)
    assert free["pages"] == (end - start) // PAGE_SIZE
    assert list(value["milestones"].values()) == sorted(value["milestones"].values())
    digest = hashlib.sha256(default_scene()).hexdigest()
    assert value["picture"] == {"bytes": len(default_scene()), "sha256": digest}


def test_what_did_not_happen_is_null() -> None:
    machine = prepare(BootOptions())
    value = summary(machine, machine.run(until="userspace"), None)
    assert value["picture"] is None
    assert value["milestones"]["first_picture_us"] is None
    assert value["stop"] == "breakpoint"


def test_text_is_json_and_the_same_for_the_same_run(ended: tuple[KernelMachine, StopReason]) -> None:
    again = prepare(BootOptions())
    text = summary_text(again, tell_story(again), None)
    assert text == summary_text(*ended, None)
    assert json.loads(text) == summary(*ended, None)
