"""Modules that use one another, loaded and unloaded in random order, against a model of a few lines.

The model knows who exports what, who needs what, and so what each system call must answer and who uses whom.
"""

from __future__ import annotations

import errno
import random
from dataclasses import dataclass, field
from functools import cache

import pytest
from modules.guest_loader import NR_INIT_MODULE, GuestLoader, fresh
from modules.ko import module
from modules.sources import GPL, HEAD

STEPS = 300
LOOK_EVERY = 10


@dataclass(frozen=True)
class Plan:
    """A module: what it exports, what it needs, what its init returns."""

    exports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    init: int = 0

    @property
    def source(self) -> str:
        lines = [HEAD, GPL, "        .data\n        .balign 4\n"]
        for symbol in self.exports:
            lines.append(f"        .global {symbol}\n        .type {symbol}, %object\n{symbol}:  .word 1\n")
            lines.append(f"        .size {symbol}, 4\n        EXPORT_SYMBOL {symbol}\n")
        lines += [f"        .word {symbol}\n" for symbol in self.needs]
        lines.append(
            f"        INIT_TEXT\nFUNC plan_init\n        ldr r0, ={self.init}\n        bx lr\nENDFUNC plan_init\n"
        )
        lines.append("        .text\nFUNC plan_exit\n        bx lr\nENDFUNC plan_exit\n")
        return "".join(lines) + "        module_init plan_init\n        module_exit plan_exit\n"


PLANS = {
    "base": Plan(exports=("alpha", "beta")),
    "middle": Plan(exports=("gamma",), needs=("alpha",)),
    "top": Plan(needs=("gamma",)),
    "wide": Plan(exports=("delta",), needs=("alpha", "beta", "gamma")),
    "wider": Plan(needs=("delta", "alpha")),
    "twin": Plan(exports=("alpha",)),
    "failing": Plan(needs=("beta",), init=-errno.ENODEV),
    "failing_late": Plan(exports=("epsilon",), needs=("gamma", "alpha"), init=-errno.EIO),
    "alone": Plan(),
    "hopeless": Plan(needs=("epsilon",)),
}


@cache
def built() -> dict[str, bytes]:
    providers = [module(name, plan.source) for name, plan in PLANS.items() if plan.exports and not plan.needs]
    middle = module("middle", PLANS["middle"].source, others=providers)
    wide = module("wide", PLANS["wide"].source, others=[*providers, middle])
    late = module("failing_late", PLANS["failing_late"].source, others=[*providers, middle])
    everyone = [*providers, middle, wide, late]
    return {name: module(name, plan.source, others=everyone) for name, plan in PLANS.items()}


@dataclass
class Model:
    """Who is loaded, oldest first, and whom each one uses."""

    uses: dict[str, set[str]] = field(default_factory=dict)

    def owner(self, symbol: str) -> str | None:
        """Of those who export it the newest is asked first; there is never more than one."""
        return next((name for name in self.uses if symbol in PLANS[name].exports), None)

    def load(self, name: str) -> int:
        plan = PLANS[name]
        if name in self.uses:
            return -errno.EEXIST
        owners = [self.owner(symbol) for symbol in plan.needs]
        if None in owners:
            return -errno.ENOENT
        if any(self.owner(symbol) for symbol in plan.exports):
            return -errno.ENOEXEC
        if plan.init:
            return plan.init
        self.uses[name] = {owner for owner in owners if owner is not None}
        return 0

    def unload(self, name: str) -> int:
        if name not in self.uses:
            return -errno.ENOENT
        if self.users(name):
            return -errno.EWOULDBLOCK
        del self.uses[name]
        return 0

    def users(self, name: str) -> list[str]:
        return [other for other, used in self.uses.items() if name in used]


def check_list(guest: GuestLoader, model: Model) -> None:
    found = [(name, state, count - 1) for name, state, count, _ in guest.modules()]
    assert found == [(name, 0, len(model.users(name))) for name in reversed(model.uses)]


def check_shown(guest: GuestLoader, model: Model) -> None:
    """Name, size, count, users and state of each line of /proc/modules."""
    for line, name in zip(guest.read_file("/proc/modules").splitlines(), reversed(model.uses), strict=True):
        shown, _, count, users, state = line.split()[:5]
        assert (shown, int(count), state) == (name, len(model.users(name)), "Live")
        assert sorted(users.strip("-").rstrip(",").split(",")) == sorted(model.users(name) or [""])


@pytest.mark.parametrize("seed", range(4))
def test_a_random_walk_through_loads_and_unloads(seed: int) -> None:
    guest, model, rng = fresh("loglevel=1"), Model(), random.Random(seed)
    before = guest.state()
    for step in range(STEPS):
        name = rng.choice(list(PLANS))
        if rng.random() < 0.6:
            ko = built()[name]
            got, expected = guest.syscall(NR_INIT_MODULE, guest.put(ko), len(ko), guest.text("")), model.load(name)
        else:
            got, expected = guest.delete_module(name), model.unload(name)
        assert got == expected, f"step {step}: {name}, loaded {list(model.uses)}"
        check_list(guest, model)
        if step % LOOK_EVERY == 0:
            check_shown(guest, model)
    while model.uses:
        name = next(name for name in model.uses if not model.users(name))
        assert guest.delete_module(name) == model.unload(name) == 0
    assert guest.state() == before
