"""`minikernel boot`: boots, tells what happens while it happens, and writes what was asked for.

boot_command is the table of contents. Files are checked before the work and written after it, whole or not at all.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from minikernel.cli.files import STDOUT, OutputError, check_outputs, read_file, reason, write_file
from minikernel.cli.progress import progress
from minikernel.cli.screen import NoScreen, Screen, open_screen
from minikernel.errors import MinikernelError, UsageError
from minikernel.kernel.events import MilestoneName
from minikernel.machine.stop import StopKind, StopReason
from minikernel.power_on import (
    DEFAULT_BUDGET,
    BootOptions,
    nothing_deferred,
    prepare,
    read_flash,
    scene_of,
    tell_story,
)
from minikernel.values import dataclass

if TYPE_CHECKING:
    from minikernel.cli.story import StoryWriter
    from minikernel.kernel.machine import KernelMachine

#: Ends of a boot that are no failure.
GOOD_ENDS = frozenset({StopKind.POWER_OFF, StopKind.RESET})

INTERRUPTED_STATUS = 130


class BootFailedError(MinikernelError):
    """The guest did not come to its end, or what was asked of the boot did not come out."""


@dataclass(frozen=True)
class EndedBoot:
    """A boot that is over."""

    machine: KernelMachine
    stop: StopReason
    scene: bytes

    @property
    def picture(self) -> bytes | None:
        """What the desktop downloaded."""
        download = self.machine.board.desktop.download
        return None if download is None else download.data


def boot_command(args: argparse.Namespace) -> int:
    """Boot as the options say; gives the exit status. Raises MinikernelError for what the user can act on."""
    check_outputs(_outputs(args))
    options = _read_options(args)
    screen = _open_screen(args)
    with progress("building the guest kernel"):
        machine = prepare(options)
    _warn_of_untraced(machine)
    ended = EndedBoot(machine, _run(machine, screen, options, args), scene_of(options))
    _tell_end(ended, screen)
    _write_outputs(ended, args)
    _check_end(ended, args)
    if ended.stop.kind is StopKind.INTERRUPTED and not args.interactive:
        print(f"minikernel: {ended.stop}", file=sys.stderr)
        return INTERRUPTED_STATUS
    if not isinstance(screen, NoScreen) and not args.interactive:
        _tell_comparison(ended, options, screen)
    return 0


# --- before -----------------------------------------------------------------------------------------------------------


def _outputs(args: argparse.Namespace) -> dict[str, str | None]:
    """Option -> file, in the order they are written."""
    return {
        "--picture": args.picture,
        "--flash": args.flash,
        "--dmesg": args.dmesg,
        "--trace": args.trace,
        "--json": args.json,
    }


def _read_options(args: argparse.Namespace) -> BootOptions:
    """The options with their files read. Raises OutputError, UsageError, ImageError for a scene that is no picture."""
    check_inputs(args)
    return BootOptions(
        drivers=dict(args.set),
        append=args.append,
        rc=None if args.rc is None else read_file(args.rc, "the rc script"),
        scene=None if args.scene is None else read_scene(args.scene),
        flash=read_kept_flash(args.flash),
        max_instructions=args.max_instructions or DEFAULT_BUDGET,
        modules=args.modules,
    )


def check_inputs(args: argparse.Namespace) -> None:
    """Raises UsageError for a flash that is no file, and for two files that are both standard input."""
    if args.flash == STDOUT:
        raise UsageError("--flash needs a file: it is read and written")
    if args.rc == STDOUT and args.scene == STDOUT:
        raise UsageError("--rc and --scene cannot both come from standard input")


def read_scene(path: str) -> bytes:
    """A picture for the sensor. Raises OutputError, ImageError."""
    from minikernel.board.ppm import parse_ppm

    scene = read_file(path, "the scene")
    parse_ppm(scene, path)
    return scene


def read_kept_flash(path: str | None) -> bytes | None:
    """The flash of an earlier boot. Raises OutputError."""
    try:
        return read_flash(path)
    except OSError as error:
        raise OutputError(f"cannot read the flash {path}: {reason(error)}") from None


def _open_screen(args: argparse.Namespace) -> Screen:
    """Where the story goes: nowhere with -q, and nowhere when an output file takes standard output."""
    to_stdout = STDOUT in _outputs(args).values()
    if to_stdout and args.interactive:
        raise UsageError("-i needs standard output for the console: no output file can be -")
    return NoScreen() if args.quiet or to_stdout else open_screen()


def _warn_of_untraced(machine: KernelMachine) -> None:
    for sentence in machine.untraced:
        print(f"minikernel: warning: {sentence}", file=sys.stderr)


# --- the boot ---------------------------------------------------------------------------------------------------------


def _run(machine: KernelMachine, screen: Screen, options: BootOptions, args: argparse.Namespace) -> StopReason:
    """The whole story, or up to where the user leaves the shell."""
    if isinstance(screen, NoScreen) and not args.interactive:
        with progress("the guest runs"):
            return tell_story(machine, options.max_instructions)
    from minikernel.cli.story import StoryWriter, title_lines

    if isinstance(screen, NoScreen):
        return _run_interactively(machine, StoryWriter(open_screen()), options)
    story = StoryWriter(screen)
    for line in title_lines(machine.tables_at_start, machine.ram.size, machine.clock.clock_hz):
        screen.line(line)
    machine.on_console.append(story.console)
    machine.trace.listeners.append(story.event)
    if args.interactive:
        return _run_interactively(machine, story, options)
    return tell_story(machine, options.max_instructions)


def _run_interactively(machine: KernelMachine, story: StoryWriter, options: BootOptions) -> StopReason:
    """Even where no story is told, the console is seen from the shell on."""
    from minikernel.cli.interactive import run_interactively

    def at_shell() -> None:
        if story.console not in machine.on_console:
            machine.on_console.append(story.console)
        story.go_interactive()

    stop = run_interactively(machine, sys.stdin, options.max_instructions, at_shell)
    story.end()
    return stop


# --- after ------------------------------------------------------------------------------------------------------------


def _tell_end(ended: EndedBoot, screen: Screen) -> None:
    if isinstance(screen, NoScreen):
        return
    from minikernel.cli.ending import end_lines

    for line in end_lines(ended.machine, ended.stop, ended.picture, ended.scene, screen.width):
        screen.line(line)


def _write_outputs(ended: EndedBoot, args: argparse.Namespace) -> None:
    """Each file asked for, whole. A picture that never came is not written."""
    machine = ended.machine
    if args.picture and ended.picture is not None:
        write_file(args.picture, ended.picture)
    if args.flash:
        write_file(args.flash, machine.board.flash.contents())
    if args.dmesg:
        write_file(args.dmesg, machine.dmesg.encode())
    if args.trace:
        from minikernel.report.trace_lines import trace_lines

        write_file(args.trace, "".join(trace_lines(machine.trace)).encode())
    if args.json:
        from minikernel.report.summary import summary_text

        write_file(args.json, summary_text(machine, ended.stop, ended.picture).encode())


def _check_end(ended: EndedBoot, args: argparse.Namespace) -> None:
    """Raises BootFailedError, once everything is written: the files say more than the message."""
    stop = ended.stop
    if args.interactive or stop.kind is StopKind.INTERRUPTED:
        return
    if stop.kind not in GOOD_ENDS:
        raise BootFailedError(failure_message(ended.machine, stop))
    took_picture = MilestoneName.FIRST_PICTURE in ended.machine.milestones
    if not took_picture and (args.rc is None or args.picture):
        raise BootFailedError(f"no picture was taken{_said_by_snap(ended.machine)}")
    if args.picture and ended.picture is None:
        raise BootFailedError(f"no picture came out of USB: {_why_no_download(ended.machine)}")


def failure_message(machine: KernelMachine, stop: StopReason) -> str:
    """Where a guest that did not power off was, and what it had come to."""
    reached = list(machine.milestones.values())
    last = (
        f"; the last milestone was {reached[-1].name.value.replace('_', ' ')}" if reached else "; no milestone reached"
    )
    fault = f"; {stop.fault}" if stop.fault else ""
    return f"the guest did not power off: {stop}, after {stop.icount:,} instructions{last}{fault}"


def _said_by_snap(machine: KernelMachine) -> str:
    """What the camera's program said of it, if it said something."""
    from minikernel.machine.events import ConsoleOutput

    said = [event.text for event in machine.trace.of(ConsoleOutput) if event.text.startswith("snap:")]
    return f": the guest says {said[-1]!r}" if said else ""


def _why_no_download(machine: KernelMachine) -> str:
    if machine.board.desktop.failure:
        return f"the desktop says {machine.board.desktop.failure!r}"
    if MilestoneName.DEFERRED_DONE not in machine.milestones:
        return "the deferred initcalls were never triggered"
    return "the desktop found no disk with a picture"


def _tell_comparison(ended: EndedBoot, options: BootOptions, screen: Screen) -> None:
    """The same boot with nothing deferred, run to the shell; nothing to compare where nothing is deferred."""
    from minikernel.cli.ending import comparison_lines
    from minikernel.report.comparison import compare

    eager_options = nothing_deferred(options)
    if dict(eager_options.drivers) == dict(options.drivers):
        return
    with progress("the same boot with nothing deferred"):
        eager = prepare(eager_options)
        eager.run(until="shell", max_instructions=options.max_instructions)
    these, those = ({name: machine.milestone_us(name) for name in MilestoneName} for machine in (ended.machine, eager))
    for line in comparison_lines(compare(these, those), screen.width):
        screen.line(line)
