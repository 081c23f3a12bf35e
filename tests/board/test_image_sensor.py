"""The sensor, as its driver sees it."""

import pytest

from minikernel.board.image_sensor import DEFAULT_EXPOSURE_US, ID_VALUE, POWER_UP_NS, ImageSensor, Register
from minikernel.errors import ImageError

SCENE = b"P6 3 1 255\n" + bytes(range(100, 109))  # 20 bytes
POWER, CAPTURE, IRQ_ENABLE = 1, 2, 4
READY, BUSY, FRAME = 1, 2, 4
EXPOSURE_NS = DEFAULT_EXPOSURE_US * 1000


@pytest.fixture
def sensor(clock, irq, unknown):
    return ImageSensor(clock, irq, SCENE, unknown)


def read(sensor, register):
    return sensor.read(register, 4)


def write(sensor, register, value):
    sensor.write(register, 4, value)


def power_up(sensor, clock, ctrl=POWER):
    write(sensor, Register.CTRL, ctrl)
    clock.advance(POWER_UP_NS)


def take_picture(sensor, clock, ctrl=POWER):
    power_up(sensor, clock, ctrl)
    write(sensor, Register.CTRL, ctrl | CAPTURE)
    clock.run(sensor, EXPOSURE_NS)


def fifo_bytes(sensor, size):
    return b"".join(read(sensor, Register.FIFO).to_bytes(4, "little") for _ in range(0, size, 4))


@pytest.mark.parametrize(
    ("register", "value"),
    [
        (Register.ID, ID_VALUE),
        (Register.CTRL, 0),
        (Register.STATUS, 0),
        (Register.WIDTH, 3),
        (Register.HEIGHT, 1),
        (Register.FRAME_BYTES, len(SCENE)),
        (Register.FIFO, 0),
        (Register.FIFO_LEVEL, 0),
        (Register.INT_CLEAR, 0),
        (Register.EXPOSURE_US, 8000),
    ],
)
def test_reset_value(sensor, unknown, register, value):
    assert read(sensor, register) == value
    assert unknown == []


@pytest.mark.parametrize("register", set(Register) - {Register.CTRL, Register.INT_CLEAR, Register.EXPOSURE_US})
def test_read_only_register_keeps_its_value(sensor, unknown, register):
    before = read(sensor, register)
    write(sensor, register, 0xFFFF_FFFF)
    assert read(sensor, register) == before
    assert unknown == []


def test_ready_comes_5_ms_after_power(sensor, clock):
    write(sensor, Register.CTRL, POWER)
    clock.advance(POWER_UP_NS - 1)
    assert read(sensor, Register.STATUS) == 0
    clock.advance(1)
    assert read(sensor, Register.STATUS) == READY


def test_writing_power_again_does_not_start_over(sensor, clock):
    write(sensor, Register.CTRL, POWER)
    clock.advance(POWER_UP_NS)
    write(sensor, Register.CTRL, POWER | IRQ_ENABLE)
    assert read(sensor, Register.STATUS) == READY


@pytest.mark.parametrize("wait", [None, POWER_UP_NS - 1])
def test_capture_before_ready_is_ignored(sensor, clock, wait):
    if wait is not None:
        write(sensor, Register.CTRL, POWER)
        clock.advance(wait)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    clock.advance(EXPOSURE_NS)
    assert not read(sensor, Register.STATUS) & (FRAME | BUSY)


def test_capture_takes_the_exposure(sensor, clock):
    power_up(sensor, clock)
    write(sensor, Register.EXPOSURE_US, 100)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    write(sensor, Register.EXPOSURE_US, 9)  # of the next one
    clock.advance(99_999)
    assert read(sensor, Register.STATUS) == READY | BUSY
    clock.advance(1)
    assert read(sensor, Register.STATUS) == READY | FRAME
    assert read(sensor, Register.CTRL) == POWER


def test_capture_while_busy_is_ignored(sensor, clock):
    power_up(sensor, clock)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    clock.advance(EXPOSURE_NS - 1)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    clock.advance(1)
    assert read(sensor, Register.STATUS) == READY | FRAME


def test_fifo_gives_the_scene_byte_for_byte(sensor, clock):
    take_picture(sensor, clock)
    assert read(sensor, Register.FIFO_LEVEL) == len(SCENE)
    assert fifo_bytes(sensor, len(SCENE)) == SCENE
    assert read(sensor, Register.FIFO_LEVEL) == 0


@pytest.mark.parametrize("pixels", [1, 2, 3, 4])
def test_last_word_of_the_fifo_is_padded_with_zeros(clock, irq, pixels):
    scene = b"P6 %d 1 255\n" % pixels + b"\xff" * 3 * pixels
    sensor = ImageSensor(clock, irq, scene)
    take_picture(sensor, clock)
    padded = len(scene) + -len(scene) % 4
    assert fifo_bytes(sensor, len(scene)) == scene.ljust(padded, b"\0")
    assert read(sensor, Register.FIFO) == 0


def test_new_capture_starts_the_frame_again(sensor, clock):
    take_picture(sensor, clock)
    read(sensor, Register.FIFO)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    assert read(sensor, Register.STATUS) == READY | BUSY
    assert read(sensor, Register.FIFO_LEVEL) == 0
    clock.advance(EXPOSURE_NS)
    assert fifo_bytes(sensor, len(SCENE)) == SCENE


def test_power_off_drops_everything_but_the_settings(sensor, clock, irq):
    write(sensor, Register.EXPOSURE_US, 50)
    take_picture(sensor, clock, POWER | IRQ_ENABLE)
    assert irq.level
    write(sensor, Register.CTRL, IRQ_ENABLE)
    assert not irq.level
    assert [read(sensor, r) for r in (Register.STATUS, Register.FIFO_LEVEL, Register.EXPOSURE_US)] == [0, 0, 50]


def test_power_off_stops_a_capture(sensor, clock):
    power_up(sensor, clock)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    write(sensor, Register.CTRL, 0)
    power_up(sensor, clock)
    clock.advance(EXPOSURE_NS)
    assert read(sensor, Register.STATUS) == READY


def test_interrupt_comes_at_its_deadline_and_goes_by_int_clear(sensor, clock, irq):
    power_up(sensor, clock)
    write(sensor, Register.CTRL, POWER | CAPTURE | IRQ_ENABLE)
    assert sensor.deadline() == clock.now_ns + EXPOSURE_NS
    clock.run(sensor, EXPOSURE_NS - 1)
    assert not irq.level
    clock.run(sensor, 1)
    assert irq.level
    write(sensor, Register.INT_CLEAR, ~FRAME & 0xFFFF_FFFF)
    assert irq.level
    write(sensor, Register.INT_CLEAR, FRAME)
    assert not irq.level
    assert read(sensor, Register.STATUS) == READY | FRAME


def test_without_irq_enable_there_is_no_deadline_and_no_interrupt(sensor, clock, irq):
    power_up(sensor, clock)
    write(sensor, Register.CTRL, POWER | CAPTURE)
    assert sensor.deadline() is None
    clock.advance(EXPOSURE_NS)
    assert read(sensor, Register.STATUS) == READY | FRAME
    assert not irq.level
    write(sensor, Register.CTRL, POWER | IRQ_ENABLE)
    assert irq.level


@pytest.mark.parametrize("at", [0, 1, POWER_UP_NS, POWER_UP_NS + 1, POWER_UP_NS + EXPOSURE_NS])
def test_saved_at_any_moment_it_goes_on_the_same(clock, irq, at):
    sensor = ImageSensor(clock, irq, SCENE)

    def story(sensor):
        """What is seen from time `at` on."""
        clock.now_ns = at
        seen = []
        for _ in range(4):
            clock.run(sensor, EXPOSURE_NS // 2)
            seen.append((read(sensor, Register.STATUS), read(sensor, Register.FIFO), irq.level))
        return seen

    write(sensor, Register.CTRL, POWER | IRQ_ENABLE)
    if at >= POWER_UP_NS:
        clock.run(sensor, POWER_UP_NS)
        write(sensor, Register.CTRL, POWER | IRQ_ENABLE | CAPTURE)
    clock.run(sensor, at - clock.now_ns)
    state = sensor.save()
    first = story(sensor)
    clock.now_ns = at
    sensor.load(state)
    assert sensor.save() == state
    assert story(sensor) == first


def test_unknown_register_is_logged(sensor, unknown):
    assert read(sensor, 0x28) == 0
    write(sensor, 0xFFC, 1)
    assert unknown == [("sensor", 0x28, False, 0), ("sensor", 0xFFC, True, 1)]


def test_scene_that_is_no_picture_is_refused(clock, irq):
    with pytest.raises(ImageError, match=r"holiday\.jpg: magic"):
        ImageSensor(clock, irq, b"\xff\xd8\xff\xe0", scene_name="holiday.jpg")
