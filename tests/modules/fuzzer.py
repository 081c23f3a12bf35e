"""Feeds mutants of modules to the guest's loader, each to the same guest, and says what it did.

The guest survives a mutant when the system call comes back with 0 or an errno within its budget of instructions, when
nothing in the log speaks of a fault or a broken structure, and when memory is as before: at once after a refusal, after
delete_module otherwise. The code of a mutant is not run (it may be anything): its init and exit are skipped.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from modules.guest_loader import (
    NR_FINIT_MODULE,
    NR_INIT_MODULE,
    NR_UNLINK,
    O_NONBLOCK,
    O_TRUNC,
    GuestDiedError,
    GuestLoader,
    struct_module,
)
from modules.ko import module
from modules.mutations import Mutant, make_mutant
from modules.sources import PROVIDER, user_of, victim

from minikernel.machine.stop import StopKind

BUDGET = 60_000_000  # instructions: clearing all memory of the guest costs a quarter of it
BROKEN = re.compile(
    r"^(BUG|WARNING|Oops|Bad page|panic|-----)|Unable to handle|Internal error|is not held", re.M | re.I
)
QUIET = "loglevel=1"  # the console is slow, the log is read anyway
LARGEST_ERRNO = 4095
MUTANT_PATH = "/tmp/mutant.ko"
LOOK_EVERY = 16  # what /proc tells of a loaded mutant is read for one in so many: it takes longer than the load
PARAMETERS = ("", 'number=5 status="a b" label=abc on small=1', "colour=red", "number=x", "result=7 -- rest")


@dataclass
class Tally:
    """What became of the mutants so far: result -> how many; and those the guest did not survive."""

    results: Counter[int] = field(default_factory=Counter)
    problems: list[tuple[Mutant, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """Mutants tried."""
        return sum(self.results.values()) + len(self.problems)

    def __str__(self) -> str:
        loaded = self.results[0]
        rate = self.count / self.seconds if self.seconds else 0.0
        return (
            f"{self.count} mutants, {loaded} loaded and unloaded, {self.count - loaded - len(self.problems)} refused, "
            f"{len(self.problems)} lost; {rate:.0f} mutants per second"
        )


@cache
def corpus() -> tuple[tuple[str, bytes], ...]:
    """The modules that are changed."""
    provider = module("provider", PROVIDER)
    consumer = module("consumer", user_of("provided") + 40 * "        .word   provided\n", others=[provider])
    small = module("small", PROVIDER.replace("provided", "small"))
    return (("victim", victim()), ("consumer", consumer), ("small", small))


class Fuzzer:
    """One guest, with the module that `consumer` needs already loaded.

    `modules` are changed instead of our corpus; with `flags` they go through a file and finit_module.
    """

    def __init__(self, modules: Sequence[tuple[str, bytes]] | None = None, flags: int = 0) -> None:
        self.corpus = corpus() if modules is None else tuple(modules)
        self.flags = flags
        self.guest = GuestLoader(QUIET)
        assert self.guest.init_module(module("provider", PROVIDER)) == 0
        self.asker = module("asker", user_of("nobody_exports_this"))
        self.guest.start = self.guest.machine.save()
        self.before = self.guest.state()
        self.init_call = self.guest.image.address("do_one_initcall")

    def run(self, seeds: Iterable[int]) -> Tally:
        """Try the mutants of these numbers."""
        tally = Tally()
        start = time.perf_counter()
        for seed in seeds:
            mutant = make_mutant(seed, self.corpus)
            result, problem = self.attempt(mutant.data, PARAMETERS[seed % len(PARAMETERS)], seed % LOOK_EVERY == 0)
            if problem:
                tally.problems.append((mutant, problem))
            else:
                tally.results[result] += 1
        tally.seconds = time.perf_counter() - start
        return tally

    def attempt(self, data: bytes, params: str = "", look: bool = True) -> tuple[int, str]:
        """(result of init_module, what is wrong with the guest now, "" when nothing); with `look` /proc is read."""
        guest = self.guest
        guest.reset()
        mark = guest.log_mark()
        try:
            result = self._load(data, params)
            problem = self._judge(result, look)
        except GuestDiedError as died:
            return -LARGEST_ERRNO - 1, f"died: {died}"
        if not problem and guest.log_mark() != mark:
            log = guest.log_since(mark)
            problem = f"the log says {found[0]!r}:\n{log}" if (found := BROKEN.search(log)) else ""
        return result, problem

    def _judge(self, result: int, look: bool) -> str:
        guest = self.guest
        if not -LARGEST_ERRNO <= result <= 0:
            return f"init_module returned {result}"
        if result == 0:
            asked = guest.init_module(self.asker, budget=BUDGET)
            if asked != -2:
                return f"a symbol that nobody exports was asked for: {asked}"
            if look:
                for path in ("/proc/modules", "/proc/kallsyms"):
                    guest.read_bytes(path)
            if problem := self._unload():
                return problem
        after = guest.state()
        return "" if after == self.before else f"result {result}, before {self.before}, after {after}"

    def _load(self, data: bytes, params: str) -> int:
        """The system call, its do_one_initcall answered with 0."""
        guest = self.guest
        if not self.flags:
            return self._call(NR_INIT_MODULE, guest.put(data), len(data), guest.text(params))
        guest.write_file(MUTANT_PATH, data)
        fd = guest.open(MUTANT_PATH)
        result = self._call(NR_FINIT_MODULE, fd, guest.text(params), self.flags)
        guest.close(fd)
        guest.syscall(NR_UNLINK, guest.text(MUTANT_PATH))
        return result

    def _call(self, number: int, *args: int) -> int:
        guest, cpu = self.guest, self.guest.machine.cpu
        for register, value in enumerate(args):
            cpu.set_r(register, value)
        cpu.set_r(7, number)
        cpu.pc = guest.gate
        while True:
            stop = guest.machine.run(until={guest.back, self.init_call}, max_instructions=BUDGET)
            if stop.kind is not StopKind.BREAKPOINT:
                raise GuestDiedError(f"{stop}\n{guest.log[-2000:]}")
            if cpu.pc == guest.back:
                guest.forget_texts()
                value = cpu.r(0)
                return value - (1 << 32) if value >> 31 else value
            cpu.set_r(0, 0)
            cpu.pc = cpu.lr

    def _unload(self) -> str:
        """delete_module of what was just loaded, without running its exit."""
        guest = self.guest
        new = [each for each in guest.modules() if each[0] not in [old[0] for old in self.before.modules]]
        if len(new) != 1:
            return f"loaded, and the modules are {guest.modules()}"
        name, state, _, address = new[0]
        if state != 0:
            return f"{name} is in state {state}"
        guest.machine.write(address + struct_module("EXIT"), bytes(4))
        guest.machine.write(address + struct_module("INIT"), bytes(4))
        result = guest.delete_module(name, O_NONBLOCK | O_TRUNC)
        return f"delete_module said {result}" if result else ""
