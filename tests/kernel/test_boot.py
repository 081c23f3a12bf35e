"""minikernel.boot() and the views of the booted kernel, against what the guest itself says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import minikernel
from minikernel.board.scene import default_scene
from minikernel.errors import UsageError
from minikernel.kernel.events import (
    InitcallSkipped,
    InitcallStarted,
    LevelStarted,
    MilestoneName,
    PagesAllocated,
    ProcAccess,
    SystemStateChanged,
)
from minikernel.kernel.initcalls import LEVELS, read_tables
from minikernel.kernel.kallsyms import read_kallsyms
from minikernel.kernel.machine import GuestStoppedError, KernelMachine
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.kernel.proc import NoAnswerError
from minikernel.machine.snapshot import Snapshot
from minikernel.machine.stop import StopKind
from minikernel.power_on import BootOptions, load_image, prepare, tell_story
from minikernel.report.initcall_debug import parse_log

DEFERRED = ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]
POISON = bytes.fromhex("f0defde7")


@pytest.fixture(scope="module")
def picture_taken() -> tuple[KernelMachine, Snapshot]:
    """A machine right after its first picture, and the snapshot to get back there: nothing deferred has run yet."""
    machine = minikernel.boot(until="first_picture")
    return machine, machine.save()


@pytest.fixture
def camera(picture_taken: tuple[KernelMachine, Snapshot]) -> KernelMachine:
    machine, snapshot = picture_taken
    machine.load(snapshot)
    return machine


@pytest.fixture(scope="module")
def at_shell_once() -> tuple[KernelMachine, Snapshot]:
    machine = minikernel.boot(until="shell")
    return machine, machine.save()


@pytest.fixture
def at_shell(at_shell_once: tuple[KernelMachine, Snapshot]) -> KernelMachine:
    machine, snapshot = at_shell_once
    machine.load(snapshot)
    return machine


# --- where it stops --------------------------------------------------------------------------------------------------


def test_until_userspace_stops_before_the_first_instruction_of_init() -> None:
    machine = minikernel.boot(until="userspace")
    assert machine.image.symbolize(machine.cpu.pc) == "enter_user_mode"
    assert MilestoneName.USERSPACE in machine.milestones
    assert machine.stop is not None
    assert machine.stop.kind is StopKind.BREAKPOINT


def test_until_a_symbol_and_until_an_address_stop_there() -> None:
    machine = minikernel.boot(until="mark_rodata_ro")
    assert machine.cpu.pc == machine.symbol("mark_rodata_ro")
    stop = machine.run(until=machine.symbol("enter_user_mode"))
    assert (stop.kind, machine.cpu.pc) == (StopKind.BREAKPOINT, machine.symbol("enter_user_mode"))


def test_until_first_picture_stops_with_the_file_complete_and_nothing_deferred_run(camera: KernelMachine) -> None:
    assert list(camera.milestones) == [MilestoneName.USERSPACE, MilestoneName.FIRST_PICTURE]
    assert not {call.name for call in camera.initcalls} & set(DEFERRED)
    assert len(camera.board.usb.log) == 0


def test_unknown_place_names_near_ones(camera: KernelMachine) -> None:
    with pytest.raises(UsageError, match="no such place or symbol; did you mean 'shell'"):
        camera.run(until="shel")


def test_whole_story_ends_in_power_off_with_the_scene_on_the_desktop() -> None:
    machine = prepare(BootOptions())
    assert tell_story(machine).kind is StopKind.POWER_OFF
    assert set(machine.milestones) == set(MilestoneName)
    download = machine.board.desktop.download
    assert download is not None
    assert download.data == default_scene()


def test_budget_ends_the_story_wherever_it_is() -> None:
    machine = prepare(BootOptions())
    stop = tell_story(machine, 1_000_000)
    assert (stop.kind, stop.icount) == (StopKind.BUDGET, 1_000_000)


# --- initcalls -------------------------------------------------------------------------------------------------------


def test_initcalls_agree_with_what_the_guest_prints(at_shell: KernelMachine) -> None:
    printed = parse_log(at_shell.dmesg)
    assert [(call.name, call.returned) for call in at_shell.initcalls] == [(c.name, c.returned) for c in printed]
    for mine, guest in zip(at_shell.initcalls, printed, strict=True):
        assert abs(mine.usecs - guest.usecs) <= 2  # the guest's two looks at its clock stand outside the routine


def test_initcalls_run_in_level_and_link_order_and_the_deferred_ones_last(at_shell: KernelMachine) -> None:
    ran = [(call.name, call.level) for call in at_shell.initcalls]
    assert ran == [(call.name, call.level) for call in read_tables(at_shell.image)]
    assert [LEVELS.index(level) for _, level in ran] == sorted(LEVELS.index(level) for _, level in ran)
    assert [name for name, level in ran if level == "deferred"] == DEFERRED


def test_a_level_begins_even_when_it_is_empty(at_shell: KernelMachine) -> None:
    assert [event.level for event in at_shell.trace.of(LevelStarted)] == list(LEVELS)


def test_absent_hardware_returns_enodev(at_shell: KernelMachine) -> None:
    assert [call.name for call in at_shell.initcalls if call.returned] == ["iommu_init"]
    (iommu,) = (call for call in at_shell.initcalls if call.name == "iommu_init")
    assert iommu.returned == -19


def test_kernel_lock_is_held_round_each_deferred_initcall(at_shell: KernelMachine) -> None:
    depths = {event.name: event.lock_depth for event in at_shell.trace.of(InitcallStarted)}
    held = depths["gic_init"]
    assert {depths[name] for name in DEFERRED} == {held}
    assert at_shell.read_word(at_shell.symbol("lock_depth")) == held - 1


def test_blacklisted_initcall_is_skipped_and_not_counted_as_run() -> None:
    machine = minikernel.boot(until="userspace", append="initcall_blacklist=pl031_init")
    (skipped,) = machine.trace.of(InitcallSkipped)
    assert (skipped.name, skipped.level, skipped.returned) == ("pl031_init", "device", -1)
    assert "pl031_init" not in {call.name for call in machine.initcalls}


def test_initcall_deferred_by_name_runs_as_a_deferred_one() -> None:
    machine = minikernel.boot(until="shell", append="initcall_defer=pl031_init")
    assert [call.name for call in machine.initcalls if call.level == "deferred"] == [*DEFERRED, "pl031_init"]


def test_rodata_is_protected_and_the_system_runs_before_the_deferred_run(at_shell: KernelMachine) -> None:
    states = [event.state for event in at_shell.trace.of(SystemStateChanged)]
    assert states == ["SYSTEM_SCHEDULING", "SYSTEM_RUNNING"]
    first_deferred = next(e for e in at_shell.trace.of(InitcallStarted) if e.level == "deferred")
    assert at_shell.trace.of(SystemStateChanged)[-1].icount < first_deferred.icount


def test_usb_is_what_made_the_first_picture_late() -> None:
    early = minikernel.boot(until="first_picture")
    late = minikernel.boot(until="first_picture", set={"ehci_hcd": "y", "uhci_hcd": "y", "usb_storage": "y"})
    times = [machine.milestone_us(MilestoneName.FIRST_PICTURE) for machine in (early, late)]
    assert times[0] is not None
    assert times[1] is not None
    assert times[0] * 2 <= times[1]


# --- init memory -----------------------------------------------------------------------------------------------------


def test_init_memory_is_freed_whole_and_free_pages_grow_by_exactly_that(camera: KernelMachine) -> None:
    start, end = init_range(camera.image)
    pages = (end - start) // PAGE_SIZE
    camera.run(until="free_initmem")
    before = camera.free_pages
    camera.run_to_milestone(MilestoneName.INITMEM_FREED)
    assert camera.free_pages == before + pages
    (free,) = camera.frees
    assert (free.start, free.end, free.pages, free.size) == (start, end, pages, end - start)
    assert (free.what, free.callers[:2]) == (
        "unused kernel image (initmem)",
        ("free_initmem", "do_deferred_initcalls"),
    )


def test_nothing_is_freed_before_the_trigger(camera: KernelMachine) -> None:
    assert camera.frees == ()
    userspace = camera.milestones[MilestoneName.USERSPACE]
    assert userspace.free_pages == camera.free_pages
    assert camera.tables == camera.tables_at_start


def test_never_triggered_is_never_freed_and_the_guest_says_so(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("snap\npoweroff\n")
    machine = minikernel.boot(rc=tmp_path / "rc")
    start, end = init_range(machine.image)
    assert f"init memory never freed: {end - start} bytes" in machine.dmesg
    assert machine.frees == ()
    assert MilestoneName.INITMEM_FREED not in machine.milestones


def test_script_larger_than_a_page_is_a_piece_of_memory_that_is_freed(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("# a long remark\n" * 600)
    machine = minikernel.boot(until="userspace", rc=tmp_path / "rc")
    (free,) = machine.frees
    assert (free.what, free.pages, free.callers[0]) == ("initrd", 2, "populate_rootfs")


def test_freed_tables_read_as_poison_through_physical_memory(camera: KernelMachine) -> None:
    table = camera.symbol("__def_initcall_start")
    paddr = camera.physical(table)
    assert paddr is not None
    camera.run(until="shell")
    assert camera.read_phys(paddr, 4) == POISON


# --- talking to the guest --------------------------------------------------------------------------------------------


def test_shell_types_a_line_and_gives_what_it_printed(at_shell: KernelMachine) -> None:
    assert at_shell.shell("echo hello world") == "hello world\n"
    assert "deferred_initcalls" in at_shell.shell("ls /proc")
    assert at_shell.shell("nonsense") == "sh: nonsense: not found\n"
    assert at_shell.shell("echo -") == "-\n"


def test_shell_runs_to_the_prompt_first(camera: KernelMachine) -> None:
    assert camera.shell("cat /proc/deferred_initcalls") == "1\n"


def test_shell_after_power_off_says_what_happened(at_shell: KernelMachine) -> None:
    assert "Power down" in at_shell.shell("poweroff")
    with pytest.raises(GuestStoppedError, match="'ls' was to be typed"):
        at_shell.shell("ls", max_instructions=10_000)


def test_proc_is_read_and_written_from_python_at_any_moment(camera: KernelMachine) -> None:
    assert camera.proc.read("cmdline").startswith("console=ttyAMA0 initcall_debug")
    assert camera.proc.read("/proc/meminfo").startswith("MemTotal:")
    assert camera.frees == ()


def test_first_read_is_0_and_later_ones_are_1_and_the_second_run_is_guarded(camera: KernelMachine) -> None:
    assert camera.proc.read_at("deferred_initcalls", 0) == b"0\n"
    assert [call.name for call in camera.initcalls if call.level == "deferred"] == DEFERRED
    assert camera.proc.read("deferred_initcalls") == "1\n"
    assert camera.proc.write("deferred_initcalls", "1") == 1
    assert camera.dmesg.count("Running do_deferred_initcalls()") == 1
    assert "do_deferred_initcalls() has already run" in camera.dmesg
    assert len(camera.frees) == 1


def test_errors_of_proc_are_the_guests_errno(camera: KernelMachine) -> None:
    with pytest.raises(FileNotFoundError, match="No such file or directory: '/proc/nothing'"):
        camera.proc.read("nothing")
    with pytest.raises(OSError, match="Input/output error") as caught:
        camera.proc.write("meminfo", "1")
    assert caught.value.errno == 5
    with pytest.raises(OSError, match="Invalid argument"):
        camera.proc.write("deferred_initcalls", "2")


def test_profile_2008_refuses_the_write_and_profile_wiki_only_reports() -> None:
    old = minikernel.boot(until="first_picture", append="deferred_trigger=2008")
    with pytest.raises(OSError, match="Input/output error"):
        old.proc.write("deferred_initcalls", "1")
    assert old.proc.read("deferred_initcalls") == "0\n"
    assert len(old.frees) == 1
    wiki = minikernel.boot(until="first_picture", append="deferred_trigger=wiki")
    assert wiki.proc.read("deferred_initcalls") == "0\n"
    assert wiki.frees == ()
    assert wiki.proc.write("deferred_initcalls", "1\n") == 2
    assert len(wiki.frees) == 1


def test_every_access_to_proc_stands_in_the_trace(camera: KernelMachine) -> None:
    before = len(camera.trace.of(ProcAccess))
    camera.proc.read_at("uptime", 0, 5)
    (access,) = camera.trace.of(ProcAccess)[before:]
    assert (access.name, access.is_write, access.count, access.offset, access.result) == ("uptime", False, 5, 0, 5)


def test_request_before_the_window_is_open_is_not_answered() -> None:
    machine = prepare(BootOptions(drivers={"procwin": "n"}))
    machine.run(until="userspace")
    with pytest.raises(NoAnswerError, match="procwin_init"):
        machine.proc.read("uptime")


def test_guest_memory_is_read_and_written(at_shell: KernelMachine) -> None:
    at_shell.write(at_shell.symbol("initcall_debug"), b"\0\0\0\0")
    assert at_shell.read(at_shell.symbol("initcall_debug"), 4) == b"\0\0\0\0"


# --- views -----------------------------------------------------------------------------------------------------------


def test_kallsyms_agrees_with_proc_kallsyms(at_shell: KernelMachine) -> None:
    mine = [f"{each.address:08x} {each.kind} {each.name}" for each in read_kallsyms(at_shell.image, at_shell.read)]
    assert at_shell.proc.read("kallsyms").splitlines() == mine


def test_dmesg_agrees_with_the_guests_own(at_shell: KernelMachine) -> None:
    assert at_shell.shell("dmesg").splitlines() == at_shell.dmesg.splitlines()


def test_page_counts_agree_with_proc_meminfo(at_shell: KernelMachine) -> None:
    meminfo = dict(line.split(":") for line in at_shell.proc.read("meminfo").splitlines())
    assert int(meminfo["MemTotal"].split()[0]) == at_shell.total_pages * PAGE_SIZE // 1024
    assert int(meminfo["MemFree"].split()[0]) == at_shell.free_pages * PAGE_SIZE // 1024


def test_page_allocations_name_who_asked(at_shell: KernelMachine) -> None:
    assert all(event.by for event in at_shell.trace.of(PagesAllocated))


def test_views_follow_the_machine_back_to_a_snapshot(camera: KernelMachine) -> None:
    calls, snapshot = camera.initcalls, camera.save()
    camera.run(until="shell")
    assert len(camera.initcalls) == len(calls) + len(DEFERRED)
    camera.load(snapshot)
    assert camera.initcalls == calls
    assert not camera.waits_for_line
    camera.run(until="shell")
    assert [call.name for call in camera.initcalls[-3:]] == DEFERRED


# --- rewritten guests ------------------------------------------------------------------------------------------------


def test_missing_symbols_are_named_with_what_is_no_longer_traced() -> None:
    image = load_image({})
    gone = {"kfree", "lock_depth", "nr_free_pages_count", "__con_initcall_start"}
    poorer = replace(image, symbols=tuple(symbol for symbol in image.symbols if symbol.name not in gone))
    machine = KernelMachine(poorer, cmdline="console=ttyAMA0 initcall_debug")
    assert "the image has no symbol 'kfree': kfree cannot be traced" in machine.untraced
    assert any("__con_initcall_start" in sentence and "level" in sentence for sentence in machine.untraced)
    machine.run(until="userspace")
    assert [call.level for call in machine.initcalls if call.name == "gic_init"] == ["other"]
    assert machine.milestones[MilestoneName.USERSPACE].free_pages is None
