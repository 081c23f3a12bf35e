"""Sensor, camera and clocks."""

from __future__ import annotations

import datetime

from guest_call import QUIET_RC, machine_at_shell, quiet_guest

from minikernel.board.scene import default_scene
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare

EBADF, EACCES, EBUSY = 9, 13, 16
RTC_START = 1221244312


def picture_on_flash(machine: KernelMachine, name: str) -> bytes:
    """The file as the flash holds it: behind a header of 48 bytes that names it."""
    flash = machine.board.flash.contents()
    header = flash.index(name.encode().ljust(32, b"\0")) - 16
    size = int.from_bytes(flash[header + 8 : header + 12], "little")
    return flash[header + 48 : header + 48 + size]


def test_snap_stores_the_scene_byte_for_byte() -> None:
    machine = machine_at_shell(QUIET_RC)
    machine.shell("snap one.ppm")
    assert picture_on_flash(machine, "one.ppm") == default_scene()


def test_scene_of_odd_length_arrives_whole() -> None:
    scene = b"P6\n# odd\n3 1\n255\n" + bytes([0, 255, 255, 255, 255, 10, 13, 26, 4])
    machine = prepare(BootOptions(rc=b"snap odd\n", scene=scene))
    machine.run(until="shell", max_instructions=100_000_000)
    assert picture_on_flash(machine, "odd") == scene


def test_reads_of_any_size_give_the_same_bytes() -> None:
    guest = quiet_guest()
    scene = default_scene()
    camera = guest.call("filp_open", guest.text("/dev/camera"), 0, 0)
    buffer = guest.put(bytes(512))
    got = b""
    for count in (1, 2, 3, 4, 5, 7, 8, 127, 500):
        for shift in range(4):
            read = guest.errno("kernel_read", camera, buffer + shift, count)
            assert read == count
            got += guest.machine.read(buffer + shift, read)
    assert got == scene[: len(got)]


def test_picture_ends_with_0() -> None:
    guest = quiet_guest()
    size = len(default_scene())
    camera = guest.call("filp_open", guest.text("/dev/camera"), 0, 0)
    assert guest.errno("kernel_read", camera, guest.scratch + 4096, size - 1) == size - 1
    assert guest.errno("kernel_read", camera, guest.scratch + 4096, 100) == 1
    assert guest.errno("kernel_read", camera, guest.scratch + 4096, 100) == 0


def test_one_picture_at_a_time_and_reading_only() -> None:
    guest = quiet_guest()
    name = guest.text("/dev/camera")
    assert guest.errno("filp_open", name, 1, 0) == -EACCES
    first = guest.call("filp_open", name, 0, 0)
    assert guest.errno("filp_open", name, 0, 0) == -EBUSY
    assert guest.errno("kernel_write", first, name, 4) == -EBADF
    assert guest.errno("filp_close", first) == 0
    second = guest.call("filp_open", name, 0, 0)
    assert guest.errno("filp_close", second) == 0


def test_open_powers_the_sensor_and_close_powers_it_down() -> None:
    guest = quiet_guest()
    control, power = 0x04, 1
    assert guest.machine.board.sensor.read(control, 4) & power == 0
    camera = guest.call("filp_open", guest.text("/dev/camera"), 0, 0)
    assert guest.machine.board.sensor.read(control, 4) & power == power
    guest.call("filp_close", camera)
    assert guest.machine.board.sensor.read(control, 4) & power == 0


def test_sensor_that_never_gets_ready_times_out() -> None:
    guest = quiet_guest()
    sensor = guest.machine.board.sensor
    real = sensor.read_word
    sensor.read_word = lambda offset: real(offset) & ~1 if offset == 8 else real(offset)  # type: ignore[method-assign]
    try:
        assert guest.machine.shell("snap") == "snap: /dev/camera: Connection timed out\n"
    finally:
        sensor.read_word = real  # type: ignore[method-assign]
    assert guest.machine.shell("snap a").startswith("snap: /flash/a, ")


def test_system_time_is_the_rtcs_in_linuxs_words() -> None:
    date = datetime.datetime.fromtimestamp(RTC_START, datetime.UTC)
    line = f"rtc-pl031 1c170000.rtc: setting system clock to {date:%Y-%m-%dT%H:%M:%S} UTC ({RTC_START})"
    assert line in machine_at_shell(QUIET_RC).dmesg


def test_dates_agree_with_pythons() -> None:
    """rtc_time_to_tm is init text, which the quiet guest has not freed."""
    guest = quiet_guest()
    tm = guest.put(bytes(24))
    function = guest.machine.symbol("rtc_time_to_tm")
    days = [0, 58, 59, 60, 364, 365, 789, 790, 11015, 11016, 11322, 11323, 19782, 19783, 47540, 47541, 49709]
    for seconds in [day * 86400 + second for day in days for second in (0, 86399)]:
        guest.call(function, seconds, tm)
        words = [int.from_bytes(guest.machine.read(tm + 4 * index, 4), "little") for index in range(6)]
        date = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        assert words == [date.year, date.month, date.day, date.hour, date.minute, date.second], seconds
