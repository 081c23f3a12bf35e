"""The boot as one JSON object (`minikernel boot --json`): the same run gives the same bytes.

Times are whole microseconds of virtual time since reset; null is what did not happen. Addresses and sizes are numbers.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from minikernel.kernel.events import MilestoneName
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.module_events import ModuleLoaded
from minikernel.machine.stop import StopReason


def summary(machine: KernelMachine, stop: StopReason, picture: bytes | None) -> dict[str, Any]:
    """The JSON object of a run that ended in `stop`; `picture` is what the desktop downloaded."""
    userspace = machine.milestones.get(MilestoneName.USERSPACE)
    return {
        "stop": stop.kind.value,
        "virtual_us": machine.time_ns // 1000,
        "instructions": machine.icount,
        "initcalls": [
            {
                "name": call.name,
                "level": call.level,
                "address": call.address,
                "called_us": call.called_us,
                "returned": call.returned,
                "usecs": call.usecs,
            }
            for call in machine.initcalls
        ],
        "frees": [
            {
                "at_us": free.time_ns // 1000,
                "start": free.start,
                "end": free.end,
                "bytes": free.size,
                "pages": free.pages,
                "what": free.what,
                "by": free.by,
            }
            for free in machine.frees
        ],
        "modules": [
            {
                "at_us": loaded.time_ns // 1000,
                "name": loaded.module,
                "file_bytes": loaded.file_bytes,
                "kept_bytes": loaded.kept_bytes,
                "pages": loaded.pages,
                "pages_after_init": loaded.pages_after,
                "relocations": loaded.relocations,
                "lookups": loaded.lookups,
                "compares": loaded.compares,
            }
            for loaded in machine.trace.of(ModuleLoaded)
        ],
        "milestones": {f"{name.value}_us": machine.milestone_us(name) for name in MilestoneName},
        "memory": {
            "total_pages": machine.total_pages,
            "free_pages_at_userspace": None if userspace is None else userspace.free_pages,
            "free_pages_at_stop": machine.free_pages,
        },
        "picture": None if picture is None else {"bytes": len(picture), "sha256": hashlib.sha256(picture).hexdigest()},
    }


def summary_text(machine: KernelMachine, stop: StopReason, picture: bytes | None) -> str:
    """The object as text, indented, ending in a newline."""
    return json.dumps(summary(machine, stop, picture), indent=2) + "\n"
