"""A whole machine at one moment, as plain values: good for any number of loads, in any machine of the same image,
probes and devices, and for pickling between processes with the same engine build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minikernel.board.board import BoardState
from minikernel.machine.cpu import CpuState
from minikernel.machine.events import Event
from minikernel.machine.inputs import StampedInput
from minikernel.machine.log import LogMark
from minikernel.machine.mmu import TlbEntry
from minikernel.machine.probes import OpenCall
from minikernel.machine.ram import Pages
from minikernel.machine.stop import Fault


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What Machine.save() gives. Parts that did not change between two snapshots are shared between them."""

    icount: int
    time_ns: int
    cpu: CpuState
    tlb: tuple[TlbEntry, ...]
    ram: Pages
    board: BoardState
    clock: tuple[int, int]
    inputs: tuple[tuple[StampedInput, ...], tuple[StampedInput, ...]]
    trace: LogMark[Event]
    console: LogMark[bytes]
    console_line: bytes
    open_calls: tuple[OpenCall, ...]
    seen_places: frozenset[tuple[str, int, bool]]
    probed_at: tuple[int, int] | None
    last_fault: Fault | None
    nested_faults: int
    is_asleep: bool
    is_past_boundary: bool
    companions: tuple[tuple[str, Any], ...]
