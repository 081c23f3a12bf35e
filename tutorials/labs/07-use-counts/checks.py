"""What lab 07 looks at: use counts, the rings of module_use and free memory, across loads that succeed and fail."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from minikernel.bits import s32
from minikernel.kernel.machine import KernelMachine
from minikernel.labs.checking import Checking, Run
from minikernel.machine.probes import Hit
from minikernel.toolchain.examples import external_modules

#: More allocations than any load of `user` makes.
MOST_ALLOCATIONS = 60
#: guest/include/module.inc
MODULE_STATE, LIVE = 0, 0
NOT_READY = {"COMING": (1, errno.EBUSY), "GOING": (2, errno.ENOENT)}


@dataclass
class LockWatch:
    """While module_unload_free runs: how often it took module_mutex, and who called list_del without it."""

    run: Run
    inside: bool = False
    taken: int = 0
    unlocked: list[str] = field(default_factory=list)

    def begin(self, _hit: Hit) -> None:
        self.inside = True

    def end(self, _hit: Hit) -> None:
        self.inside = False

    def lock(self, _hit: Hit) -> None:
        self.taken += self.inside

    def change(self, hit: Hit) -> None:
        held = self.run.machine.read_word(self.run.machine.symbol("module_mutex"))
        if self.inside and not held:
            self.unlocked.append(self.run.place(hit.lr - 4))


def check_picture(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at("the moment of the first picture")
    check.equal("the first picture was taken", "first_picture" in [each.value for each in machine.milestones], True)


def check_alone(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at("insmod hello, rmmod hello")
    machine.insmod("hello")
    check.equal("users of hello", _users(machine, "hello"), (0, ()))
    machine.rmmod("hello")
    check.equal("modules", _loaded(machine), [])


def check_once(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at("the use count and the rings of exporter, of which user takes three symbols")
    machine.insmod("exporter")
    check.equal("users of exporter", _users(machine, "exporter"), (0, ()))
    machine.insmod("user")
    check.equal(
        "users of exporter with user", _users(machine, "exporter"), (1, ("user",)), place=run.place("use_module")
    )
    check.equal("user uses", machine.module("user").uses, ("exporter",), place=run.place("use_module"))
    check.equal("rmmod exporter", _rmmod(machine, "exporter"), errno.errorcode[errno.EWOULDBLOCK])


def check_given_back(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    place = run.place("module_unload_free")
    check.looked_at(
        "the use count of exporter when one of its two users goes, then the other; and all memory at the end"
    )
    _know_more(check, run, "second")
    before = _memory(machine)
    for name in ("exporter", "user", "second"):
        machine.insmod(name)
    check.equal("exporter's users", _names(machine, "exporter"), ["second", "user"], place=place)
    machine.rmmod("second")
    check.equal("exporter's users when second has gone", _names(machine, "exporter"), ["user"], place=place)
    machine.rmmod("user")
    check.equal("users of exporter when both have gone", _users(machine, "exporter"), (0, ()), place=place)
    check.equal("rmmod exporter", _rmmod(machine, "exporter"), "0", place=place)
    check.equal("memory as before: pages, objects of kmalloc", _memory(machine), before, place=place)


def check_several(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at("the use counts of exporter and chain_a when both, which uses them, has gone or could not come")
    _know_more(check, run, "both")
    machine.insmod("exporter")
    machine.insmod("chain_a")
    before = _memory(machine)
    place = run.place("module_unload_free")
    machine.insmod("both")
    for name in ("exporter", "chain_a"):
        check.equal(f"users of {name}", _users(machine, name), (1, ("both",)), place=run.place("already_uses"))
    machine.rmmod("both")
    for name in ("exporter", "chain_a"):
        check.equal(f"users of {name} when both has gone", _users(machine, name), (0, ()), place=place)
    _set(machine, "fail_errno", errno.EIO)
    _set(machine, "fail_stage", machine.symbol("STAGE_COMPLETE"))
    check.equal("insmod both, made to fail after its symbols", _insmod(machine, "both"), "EIO")
    for name in ("exporter", "chain_a"):
        check.equal(f"users of {name} afterwards", _users(machine, name), (0, ()), place=place)
    check.equal("memory as before: pages, objects of kmalloc", _memory(machine), before, place=place)


def check_no_memory(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    place = run.place("use_module")
    check.looked_at(
        "exporter's use count and free memory after use_module(hello, exporter) while exporter is not ready, "
        "then after insmod user with its 1st, 2nd, 3rd ... allocation refused"
    )
    machine.insmod("exporter")
    for name, (state, error) in NOT_READY.items():
        saw, expected = _use_while(machine, state)
        check.equal(f"exporter is {name}: answer, users, memory", saw, (-error, *expected), place=place)
    before = _memory(machine)
    refused = 0
    for number in range(1, MOST_ALLOCATIONS):
        _set(machine, "alloc_count", 0)
        _set(machine, "fail_alloc", number)
        if _insmod(machine, "user") == "0":
            break
        refused += 1
        if _users(machine, "exporter") != (0, ()) or _memory(machine) != before:
            saw = (_users(machine, "exporter"), _memory(machine))
            check.equal(f"allocation {number} refused: exporter's users, memory", saw, ((0, ()), before), place=place)
            return
    check.equal("loads that were refused, at least 5", refused >= 5, True)
    check.equal("exporter's users once the load succeeds", _names(machine, "exporter"), ["user"], place=place)


def check_locked(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at("module_mutex while module_unload_free works, as rmmod user calls it")
    for name in ("exporter", "user"):
        machine.insmod(name)
    check.equal("exporter's users", _names(machine, "exporter"), ["user"], place=run.place("use_module"))
    watch = LockWatch(run)
    machine.add_probe("module_unload_free", on_entry=watch.begin, on_return=watch.end)
    machine.add_probe("module_mutex_lock", on_entry=watch.lock)
    machine.add_probe("list_del", on_entry=watch.change)
    machine.rmmod("user")
    check.equal("it takes module_mutex", watch.taken > 0, True, place=run.place("module_unload_free"))
    for place in watch.unlocked:
        check.bad("list_del is called and nobody holds module_mutex", place=place)


def _know_more(check: Checking, run: Run, name: str) -> None:
    """Let insmod find a module of this lab, beside the examples. All are built together, as they use one another."""
    tree = run.build.config.tree
    providers = [tree / f"modules/{each}.s" for each in ("exporter", "chain_a", "user")]
    built = external_modules(run.build.config, [*providers, check.lab.folder / f"modules/{name}.s"])
    run.machine.know_modules(lambda wanted: built[f"{wanted}.ko"])


def _use_while(machine: KernelMachine, state: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """What use_module(hello, exporter) answered while exporter was in that state, users and memory; those before."""
    machine.insmod("hello")
    user, used = (machine.module(name).address for name in ("hello", "exporter"))
    before = (_users(machine, "exporter"), _memory(machine))
    machine.write(used + MODULE_STATE, state.to_bytes(4, "little"))
    machine.call("module_mutex_lock")
    answer, _ = machine.call("use_module", user, used)
    machine.call("module_mutex_unlock")
    machine.write(used + MODULE_STATE, LIVE.to_bytes(4, "little"))
    after = (_users(machine, "exporter"), _memory(machine))
    machine.rmmod("hello")
    return (s32(answer), *after), before


def _memory(machine: KernelMachine) -> tuple[int, int]:
    """Pages that are free or hold only free objects, and objects handed out by kmalloc."""
    slabs = [slab for cache in machine.kmalloc_caches.caches for slab in cache.slabs]
    empty = sum(slab.inuse == 0 for slab in slabs)
    return machine.free_pages + empty, sum(slab.inuse for slab in slabs)


def _users(machine: KernelMachine, name: str) -> tuple[int, tuple[str, ...]]:
    module = machine.module(name)
    return module.refcount, module.used_by


def _names(machine: KernelMachine, name: str) -> list[str]:
    """Each of its users once."""
    return sorted(set(machine.module(name).used_by))


def _loaded(machine: KernelMachine) -> list[str]:
    return [module.name for module in machine.modules]


def _insmod(machine: KernelMachine, name: str) -> str:
    """The errno's name, "0" when it was loaded."""
    try:
        machine.insmod(name)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "0"


def _rmmod(machine: KernelMachine, name: str) -> str:
    try:
        machine.rmmod(name)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "0"


def _set(machine: KernelMachine, name: str, value: int) -> None:
    machine.write(machine.symbol(name), value.to_bytes(4, "little"))
