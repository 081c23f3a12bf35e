"""Stop points at the very moment of a change that the host made.

The run had come to that moment, something was hit there, and then the host changed registers or memory. A re-run loads
the change when it comes to the moment; what had been hit just before is to be found all the same, in both directions.
"""

from __future__ import annotations

from minikernel.debug.session import Session
from minikernel.debug.stop_points import Hit
from minikernel.debug.timeline import Mark


def collect_before(session: Session, change: Mark, hits: list[Hit]) -> None:
    """In a block that collects `hits`, without the change, at its moment: what had happened there between two
    instructions when the host made it. The machine runs on by one."""
    machine, found = session.machine, len(hits)
    known = len(machine.trace)
    machine.run(max_instructions=1)
    events = machine.trace.since(known)[: change.snapshot.trace.length - known]

    def had_happened(hit: Hit) -> bool:
        occurrence = hit.occurrence
        if occurrence.event is not None:
            return any(event is occurrence.event for event in events)
        is_reached = change.snapshot.probed_at == (occurrence.landing, occurrence.pc)
        return is_reached and occurrence.access is None

    hits[found:] = filter(had_happened, hits[found:])


def stop_before(session: Session, change: Mark) -> list[Hit]:
    """Going forward, at the moment of the change but before it: stand where the first hit is that counts; none, and
    the machine as it was, when there is no such hit."""
    timeline, points = session.timeline, session.points
    here = timeline.keep_here()
    with points.collecting() as hits, timeline.without(change):
        collect_before(session, change, hits)
        timeline.come_back(here)
    for number, hit in enumerate(hits):
        if points.accept(hit):
            with points.seeking(number) as found, timeline.without(change):
                session.machine.run(max_instructions=1)
            return found
    return []
