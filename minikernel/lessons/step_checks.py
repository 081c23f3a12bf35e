"""The checks of steps.toml by name. Each says what is missing, and "" when nothing is.

A check is given the situation and what the step wants; it decides by facts: where the machine stands, what its trace
and memory say, which command has succeeded with which options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minikernel.errors import UsageError
from minikernel.kernel.events import Panicked, ProcAccess
from minikernel.lessons.situation import Situation
from minikernel.machine.events import ConsoleOutput
from minikernel.machine.stop import StopKind

Check = Callable[[Situation, Any], str]


def command(situation: Situation, wanted: Mapping[str, str]) -> str:
    """{ name = "boot", append = "initcall_blacklist" }: a command has succeeded, these words in its options."""
    named = [run for run in situation.commands if run.name == wanted["name"]]
    if not named:
        return f"`minikernel {wanted['name']}` has not been run yet"
    if not any(run.status == 0 for run in named):
        return f"`minikernel {wanted['name']}` has failed"
    options = {key: value for key, value in wanted.items() if key != "name"}
    for run in named:
        if run.status == 0 and all(value in run.options.get(key, "") for key, value in options.items()):
            return ""
    return f"`minikernel {wanted['name']}` has run, but not with {_options(options)}"


def _options(options: Mapping[str, str]) -> str:
    return " and ".join(f"--{key.replace('_', '-')} ... {value}" for key, value in options.items())


def file(situation: Situation, wanted: str) -> str:
    """ "trace.jsonl": there is such a file, with something in it."""
    path = situation.folder / wanted
    return "" if path.is_file() and path.stat().st_size else f"there is no file {wanted} yet"


def stands_in(situation: Situation, wanted: str) -> str:
    """ "do_one_initcall": the machine stands in this function."""
    where = situation.running.symbolize(situation.running.cpu.pc)
    function = where.partition("+")[0]
    return "" if function == wanted else f"the machine stands at {where}, not in {wanted}"


def stands_at(situation: Situation, wanted: str) -> str:
    """ "do_initcalls" or "kernel/initcall.s:247": the machine stands exactly there."""
    machine, dbg = situation.running, situation.dbg
    places = dbg.places(wanted) if dbg else (machine.symbol(wanted),)
    here = machine.symbolize(machine.cpu.pc)
    return "" if machine.cpu.pc in places else f"the machine stands at {here}, not at {wanted}"


def went_back(situation: Situation, wanted: bool) -> str:
    """true: the machine stands earlier than when the step began."""
    is_earlier = situation.running.icount < situation.begun
    return "" if is_earlier == wanted else "the machine has not gone back in time"


def initcall_returned(situation: Situation, wanted: str) -> str:
    """ "iommu_init": it has been called and has returned."""
    done = {call.name for call in situation.running.initcalls}
    return "" if wanted in done else f"{wanted} has not returned yet"


def initcall_not_called(situation: Situation, wanted: str) -> str:
    """ "ehci_hcd_init": it has not run."""
    done = {call.name for call in situation.running.initcalls}
    return f"{wanted} has been called" if wanted in done else ""


def milestone(situation: Situation, wanted: str) -> str:
    """ "deferred_done": reached."""
    reached = {name.value for name in situation.running.milestones}
    return "" if wanted in reached else f"the machine has not come to: {wanted.replace('_', ' ')}"


def proc_read(situation: Situation, wanted: str) -> str:
    """ "modules": /proc/modules has been read since the step began."""
    return _proc(situation, wanted, False)


def proc_written(situation: Situation, wanted: str) -> str:
    """ "deferred_initcalls": it has been written since the step began."""
    return _proc(situation, wanted, True)


def _proc(situation: Situation, wanted: str, is_write: bool) -> str:
    seen = any(event.name == wanted and event.is_write == is_write for event in situation.since(ProcAccess))
    return "" if seen else f"/proc/{wanted} has not been {'written' if is_write else 'read'}"


def printed(situation: Situation, wanted: str) -> str:
    """ "Freeing unused": the guest has printed it since the step began (not: echoed what was typed)."""
    lines = [event.text for event in situation.since(ConsoleOutput) if not event.text.startswith("# ")]
    return "" if any(wanted in line for line in lines) else f"the guest has not printed {wanted!r}"


def module_loaded(situation: Situation, wanted: str) -> str:
    """ "hello": in the guest's list of modules."""
    loaded = {module.name for module in situation.running.modules}
    return "" if wanted in loaded else f"the module {wanted} is not loaded"


def module_gone(situation: Situation, wanted: str) -> str:
    """ "hello": not in the guest's list of modules."""
    loaded = {module.name for module in situation.running.modules}
    return f"the module {wanted} is still loaded" if wanted in loaded else ""


def stop_point(situation: Situation, wanted: str) -> str:
    """ "do_one_initcall": a breakpoint or watchpoint is at this place."""
    if situation.dbg is None:
        raise UsageError("this step has no debugger")
    address = situation.dbg.address(wanted)
    points = situation.dbg.stop_points
    return "" if any(point.addr == address for point in points) else f"there is no stop point at {wanted}"


def oopsed(situation: Situation, wanted: bool) -> str:
    """true: the guest has reported a fault of its own since the step began."""
    has_oops = any(situation.since(Panicked))
    return "" if has_oops == wanted else "the guest has reported no fault"


def power_off(situation: Situation, wanted: bool) -> str:
    """true: the guest has switched itself off."""
    stop = situation.running.stop
    is_off = stop is not None and stop.kind is StopKind.POWER_OFF
    return "" if is_off == wanted else "the guest still runs"


def answered(situation: Situation, wanted: int) -> str:
    """3: the chapter's third question has been answered right in this walk."""
    return "" if wanted in situation.answered else f"question {wanted} is not answered yet"


CHECKS: dict[str, Check] = {
    function.__name__: function
    for function in (
        command, file, stands_in, stands_at, went_back, initcall_returned, initcall_not_called, milestone, proc_read,
        proc_written, printed, module_loaded, module_gone, stop_point, oopsed, power_off, answered,
    )
}  # fmt: skip


def missing(situation: Situation, check: Mapping[str, Any]) -> str:
    """The first thing a step still wants; "" when it is done."""
    for name, wanted in check.items():
        sentence = CHECKS[name](situation, wanted)
        if sentence:
            return sentence
    return ""
