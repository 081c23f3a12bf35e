"""The loader fails where it is told to: at each stage, at each allocation, and when the pages are really gone.

Afterwards memory, module list, module area and what the guest shows are as before; and the same load then works.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable

import pytest
from modules.guest_loader import GuestLoader, LoaderState, fresh
from modules.ko import module
from modules.sources import PROVIDER, init_returns, user_of, victim

from minikernel.toolchain.guest_tree import guest_tree

STAGES = re.findall(r"^ +stage_name (\w+)$", (guest_tree() / "kernel/fail_point.s").read_text(), re.M)
NO_STAGE = -1
MOST_ALLOCATIONS = 200
Load = Callable[[GuestLoader], int]


def _provider() -> bytes:
    return module("provider", PROVIDER)


def _consumer() -> bytes:
    return module("consumer", user_of("provided"), others=[_provider()])


def _with_arguments(guest: GuestLoader) -> int:
    return guest.init_module(victim(), 'status="valid thing" label=abc number=5')


def _from_file(guest: GuestLoader) -> int:
    return guest.load_file(victim(), "status=valid")


def _of_provider(guest: GuestLoader) -> int:
    return guest.init_module(_consumer())


LOADS: dict[str, tuple[Load, str]] = {
    "victim": (_with_arguments, "victim"),
    "from a file": (_from_file, "victim"),
    "consumer": (_of_provider, "consumer"),
}


def _prepared() -> GuestLoader:
    guest = fresh()
    assert guest.init_module(_provider()) == 0
    guest.read_file("/proc/modules")
    return guest


def _shown(guest: GuestLoader) -> tuple[str, str]:
    return guest.read_file("/proc/modules"), guest.read_file("/proc/kallsyms")


def test_every_stage_of_the_table_has_a_name() -> None:
    assert len(STAGES) == 19 and STAGES[0] == "module_sig_check" and STAGES[-1] == "do_init_module"


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_failure_at_a_stage_leaves_nothing(stage: str, load: str) -> None:
    guest = _prepared()
    do, name = LOADS[load]
    before = guest.state()
    guest.set_word("fail_stage", STAGES.index(stage))
    guest.set_word("fail_errno", errno.EIO)
    assert do(guest) == -errno.EIO
    assert guest.state() == before
    guest.set_word("fail_stage", NO_STAGE)
    assert do(guest) == 0
    assert guest.delete_module(name) == 0
    assert guest.state() == before


@pytest.mark.parametrize("stage", STAGES)
def test_fail_stage_of_the_command_line_is_that_stage(stage: str) -> None:
    """And what /proc shows does not change either."""
    guest = fresh(f"fail_stage={stage},5")
    before = _shown(guest)
    mark = guest.log_mark()
    assert guest.init_module(victim()) == -5
    assert f"forcing a failure: stage {stage}, errno 5" in guest.log_since(mark)
    assert _shown(guest) == before


def _loads_until_it_works(guest: GuestLoader, load: str, forbid: Callable[[int], None]) -> int:
    """How many loads failed before one worked; each with -ENOMEM and without a trace."""
    do, name = LOADS[load]
    before: LoaderState = guest.state()
    for number in range(1, MOST_ALLOCATIONS):
        forbid(number)
        result = do(guest)
        if result == 0:
            assert guest.delete_module(name) == 0
            assert guest.state() == before
            return number - 1
        assert result == -errno.ENOMEM, f"allocation {number}"
        assert guest.state() == before, f"allocation {number}"
    raise AssertionError("the load never works")


@pytest.mark.parametrize(("load", "least"), [("victim", 14), ("from a file", 14), ("consumer", 8)])
def test_a_failure_at_each_allocation_leaves_nothing(load: str, least: int) -> None:
    guest = _prepared()

    def forbid(number: int) -> None:
        guest.set_word("fail_alloc", guest.word("alloc_count") + number)

    assert _loads_until_it_works(guest, load, forbid) >= least


def test_fail_alloc_of_the_command_line_fails_one_allocation() -> None:
    guest = fresh("fail_alloc=3")
    before = guest.state()
    assert guest.init_module(victim()) == -errno.ENOMEM
    assert guest.state() == before
    assert guest.init_module(victim()) == 0


def test_a_load_without_pages_leaves_nothing() -> None:
    """All but so many pages are taken: the page allocator itself says no, at a place of its choice."""
    guest = _prepared()
    taken = []
    while (page := guest.call("alloc_pages", 0)[0]) != 0:
        taken.append(page)
    before = guest.state()
    for left in range(MOST_ALLOCATIONS):
        assert guest.state() == before
        result = _with_arguments(guest)
        if result == 0:
            break
        assert result == -errno.ENOMEM, left
        assert guest.state() == before, left
        guest.call("free_pages", taken.pop(), 0)
        before = guest.state()
    assert 5 <= left < 40
    assert guest.delete_module("victim") == 0
    assert guest.state() == before


@pytest.mark.parametrize("returned", [-errno.ENODEV, -errno.EEXIST, -1, -4095])
def test_an_init_that_fails_leaves_nothing(returned: int) -> None:
    guest = fresh()
    before = guest.state()
    assert guest.init_module(module("returning", init_returns(returned))) == returned
    assert guest.state() == before


def test_a_hundred_loads_and_unloads_leave_nothing() -> None:
    guest = fresh()
    before = guest.state()
    for _ in range(100):
        assert guest.init_module(victim()) == 0
        assert guest.delete_module("victim") == 0
    assert guest.state() == before
