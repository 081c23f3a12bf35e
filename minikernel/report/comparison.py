"""Two boots side by side: as configured, and with nothing deferred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minikernel.kernel.events import MilestoneName

#: What is compared; the rest of the story is the same in both.
COMPARED = (MilestoneName.USERSPACE, MilestoneName.FIRST_PICTURE, MilestoneName.INITMEM_FREED)


@dataclass(frozen=True)
class ComparedMoment:
    """One milestone in both boots, microseconds since reset; None: it did not come."""

    name: MilestoneName
    this_us: int | None
    nothing_deferred_us: int | None

    @property
    def times_earlier(self) -> float | None:
        """How many times earlier this boot was there; None where one of the two never was."""
        if not self.this_us or self.nothing_deferred_us is None:
            return None
        return self.nothing_deferred_us / self.this_us


def compare(
    this: Mapping[MilestoneName, int | None], nothing_deferred: Mapping[MilestoneName, int | None]
) -> tuple[ComparedMoment, ...]:
    """The compared moments of two boots, given milestone -> microseconds."""
    return tuple(ComparedMoment(name, this.get(name), nothing_deferred.get(name)) for name in COMPARED)
