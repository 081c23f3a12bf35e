"""Stops on what happens rather than where: plain values that say what is awaited, and the triggers they become.

InitcallStop(name="uhci_hcd_init")   InitcallStop(level="deferred")   FreeStop(0xc0040000)   ProcStop("meminfo")
ExceptionStop()   InterruptStop(34)   DeviceStop("uart0", "UARTDR", is_write=True)   EventStop("SystemStateChanged")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, TypeAlias

from minikernel.debug.triggers import DeviceTrigger, EventTrigger, Trigger
from minikernel.errors import UsageError, near_names
from minikernel.kernel.events import InitcallStarted, MemoryFreed, ObjectFreed, PagesFreed, ProcAccess
from minikernel.kernel.initcalls import LEVELS, read_tables
from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.module_events import ModuleStateChanged
from minikernel.kernel.modules import ModuleState
from minikernel.machine.events import Event, ExceptionTaken, Interrupt
from minikernel.machine.exceptions import ExceptionKind
from minikernel.machine.machine import Machine


@dataclass(frozen=True)
class InitcallStop:
    """An init routine is entered: of that name, of that level, or any."""

    name: str = ""
    level: str = ""


@dataclass(frozen=True)
class FreeStop:
    """Memory is given back in which `addr` lies (None: any), by free_reserved_area, free_pages or kfree."""

    addr: int | None = None


@dataclass(frozen=True)
class ModuleStop:
    """A module changes its state: of that name, to that state (`LIVE`), or any."""

    name: str = ""
    state: str = ""


@dataclass(frozen=True)
class ProcStop:
    """A /proc entry has been read or written: of that name, or any."""

    name: str = ""


@dataclass(frozen=True)
class ExceptionStop:
    """An abort or an undefined instruction is taken: of that kind, or any."""

    kind: ExceptionKind | None = None


@dataclass(frozen=True)
class InterruptStop:
    """An interrupt is taken: that GIC id, or any."""

    irq: int | None = None


@dataclass(frozen=True)
class DeviceStop:
    """A register of a device is accessed: by its name in the manual or its offset (empty: any), written (True), read
    (False) or both (None). The stop is behind the instruction that does it."""

    device: str
    register: str = ""
    is_write: bool | None = None


@dataclass(frozen=True)
class EventStop:
    """Any event of the trace, by its class's name, with fields that have these values."""

    name: str
    having: Mapping[str, Any] = field(default_factory=dict)


WhatHappens: TypeAlias = (
    InitcallStop | FreeStop | ModuleStop | ProcStop | ExceptionStop | InterruptStop | DeviceStop | EventStop
)


def trigger_of(what: WhatHappens, machine: Machine, symbolize: Callable[[int], str]) -> Trigger:
    """The trigger for it. Raises UsageError for names that nothing here has."""
    if isinstance(what, DeviceStop):
        return _device_trigger(what, machine)
    if isinstance(what, InitcallStop):
        _check_initcall(what, machine)
    if isinstance(what, EventStop):
        _check_event(what)
    if isinstance(what, ModuleStop) and what.state:
        _check_state(what.state)
    matches = _MATCHES[type(what)]
    return EventTrigger(machine, lambda event: matches(what, event), lambda event: _words(event, symbolize))


def describe(what: WhatHappens) -> str:
    """In a few words, for lists of stop points."""
    match what:
        case InitcallStop(name, level):
            return f"initcall {name or (f'of level {level}' if level else '(any)')}"
        case FreeStop(addr):
            return "free of any memory" if addr is None else f"free of {addr:#010x}"
        case ModuleStop(name, state):
            return f"module {name or '(any)'} becomes {state or '(anything)'}"
        case ProcStop(name):
            return f"access to /proc/{name or '*'}"
        case ExceptionStop(kind):
            return "exception" if kind is None else kind.value
        case InterruptStop(irq):
            return "interrupt" if irq is None else f"interrupt {irq}"
        case DeviceStop(device, register, is_write):
            how = {None: "access to", True: "write to", False: "read of"}[is_write]
            return f"{how} {device} {register}".rstrip()
        case EventStop(name, having):
            return " ".join([name, *(f"{key}={value}" for key, value in having.items())])


def _initcall(what: InitcallStop, event: Event) -> bool:
    if not isinstance(event, InitcallStarted):
        return False
    return what.name in ("", event.name) and what.level in ("", event.level)


def _free(what: FreeStop, event: Event) -> bool:
    match event:
        case MemoryFreed():
            return what.addr is None or event.start <= what.addr < event.end
        case PagesFreed():
            return what.addr is None or 0 <= what.addr - event.addr < PAGE_SIZE << event.order
        case ObjectFreed():
            return what.addr in (None, event.addr)
    return False


def _module(what: ModuleStop, event: Event) -> bool:
    return (
        isinstance(event, ModuleStateChanged)
        and what.name in ("", event.module)
        and what.state.upper() in ("", event.state.name)
    )


def _proc(what: ProcStop, event: Event) -> bool:
    return isinstance(event, ProcAccess) and what.name.removeprefix("/proc/") in ("", event.name)


def _exception(what: ExceptionStop, event: Event) -> bool:
    return isinstance(event, ExceptionTaken) and what.kind in (None, event.kind)


def _interrupt(what: InterruptStop, event: Event) -> bool:
    return isinstance(event, Interrupt) and what.irq in (None, event.irq)


def _event(what: EventStop, event: Event) -> bool:
    if type(event).__name__ != what.name:
        return False
    return all(_text(getattr(event, key, None)) == _text(value) for key, value in what.having.items())


_MATCHES: dict[type, Callable[[Any, Event], bool]] = {
    InitcallStop: _initcall,
    FreeStop: _free,
    ModuleStop: _module,
    ProcStop: _proc,
    ExceptionStop: _exception,
    InterruptStop: _interrupt,
    EventStop: _event,
}


def _text(value: Any) -> str:
    return value.name if isinstance(value, Enum) else str(value)


def _words(event: Event, symbolize: Callable[[int], str]) -> str:
    """`InitcallStarted name=uhci_hcd_init level=deferred ...`: every field but the moment."""
    base = {each.name for each in fields(Event)}
    parts = [type(event).__name__]
    for each in fields(event):
        value = getattr(event, each.name)
        if each.name in base:
            continue
        shown = symbolize(value) if each.name in ("pc", "address", "addr") and isinstance(value, int) else _text(value)
        parts.append(f"{each.name}={shown}")
    return " ".join(parts)


def _device_trigger(what: DeviceStop, machine: Machine) -> Trigger:
    devices = {region.name: region.device for region in machine.board.regions}
    device = devices.get(what.device)
    if device is None:
        known = ", ".join(sorted(devices))
        raise UsageError(f"no device {what.device!r}{near_names(what.device, devices)} (devices: {known})")
    if not what.register:
        return DeviceTrigger(machine, what.device, None, what.is_write)
    offsets = {register.name: int(register) for register in type(device).REGISTERS} or {
        device.register_name(offset): offset for offset in range(0, 0x1000, 4)
    }
    offset = offsets.get(what.register, offsets.get(what.register.upper()))
    if offset is None:
        try:
            offset = int(what.register, 0)
        except ValueError:
            parts = [name for name in offsets if what.register.upper() in name]
            hint = f"; did you mean {' or '.join(map(repr, parts))}?" if parts else near_names(what.register, offsets)
            raise UsageError(f"{what.device} has no register {what.register!r}{hint}") from None
    return DeviceTrigger(machine, what.device, offset, what.is_write)


def _check_initcall(what: InitcallStop, machine: Machine) -> None:
    if what.level and what.level not in LEVELS:
        raise UsageError(f"no initcall level {what.level!r}{near_names(what.level, LEVELS)}")
    if what.name and machine.image.get(what.name) is None:
        names = {call.name for call in read_tables(machine.image)}
        raise UsageError(f"no initcall {what.name!r} in this kernel{near_names(what.name, names)}")


def _check_state(name: str) -> None:
    names = [state.name for state in ModuleState]
    if name.upper() not in names:
        raise UsageError(f"no module state {name!r}{near_names(name.upper(), names)} (states: {', '.join(names)})")


def _check_event(what: EventStop) -> None:
    names = {each.__name__: each for each in _subclasses(Event)}
    kind = names.get(what.name)
    if kind is None:
        raise UsageError(f"no event {what.name!r}{near_names(what.name, names)}")
    known = {each.name for each in fields(kind)}
    for key in what.having:
        if key not in known:
            raise UsageError(f"{what.name} has no field {key!r}{near_names(key, known)}")


def _subclasses(kind: type[Event]) -> list[type[Event]]:
    return [each for child in kind.__subclasses__() for each in (child, *_subclasses(child))]
