"""PPM files: what is one, and which field of what is not."""

import pytest

from minikernel.board.ppm import PpmHeader, parse_ppm
from minikernel.board.scene import HEIGHT, WIDTH, default_scene
from minikernel.errors import ImageError


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (b"P6\n2 1\n255\n" + bytes(6), PpmHeader("P6", 2, 1, 255, 11)),
        (b"P6 1 1 255 abc", PpmHeader("P6", 1, 1, 255, 11)),
        (b"P6\n# a comment\n2 # width\n1\n255\n" + bytes(6), PpmHeader("P6", 2, 1, 255, 31)),
        (b"P6 1 1 1\n\x00\x01\x00", PpmHeader("P6", 1, 1, 1, 9)),
        (b"P6 1 1 256\n" + bytes(6), PpmHeader("P6", 1, 1, 256, 11)),
        (b"P6 1 1 65535\n" + b"\xff" * 6, PpmHeader("P6", 1, 1, 65535, 13)),
        (b"P6 1 1 255\n# #", PpmHeader("P6", 1, 1, 255, 11)),  # a '#' in the raster is a sample
        (b"P3 1 1 255 1 2 3", PpmHeader("P3", 1, 1, 255, 10)),
        (b"P3\n1\n1\n9\n# samples\n1 2\n3 # blue\n\n", PpmHeader("P3", 1, 1, 9, 8)),
    ],
)
def test_picture_is_accepted(data, header):
    assert parse_ppm(data) == header


@pytest.mark.parametrize(
    ("data", "field", "offset", "says"),
    [
        (b"", "magic", 0, "is empty"),
        (b"P", "magic", 0, "begins with b'P'"),
        (b"P5 1 1 255 a", "magic", 0, "P6 or P3"),
        (b"\x89PNG\r\n", "magic", 0, "begins with"),
        (b"P6", "width", 2, "end of the file"),
        (b"P62 1 255\n" + bytes(6), "width", 2, "white space"),
        (b"P6 x 1 255\n", "width", 3, "found 'x'"),
        (b"P6 -1 1 255\n", "width", 3, "found '-'"),
        (b"P6 0 1 255\n", "width", 3, "0 is not at least 1"),
        (b"P6 4 # no more", "height", 14, "end of the file"),
        (b"P6 4 0 255\n", "height", 5, "0 is not at least 1"),
        (b"P6 4 9999999999 255\n", "height", 5, "10 digits"),
        (b"P6 1 1 0\n", "maxval", 7, "0 is not 1 to 65535"),
        (b"P6 1 1 65536\n", "maxval", 7, "65536 is not 1 to 65535"),
        (b"P6 1 1 255", "maxval", 10, "one white-space character"),
        (b"P6 1 1 255#\n\1\2\3", "maxval", 10, "found '#'"),
        (b"P6 1 1 255\n\1\2", "raster", 11, "has 2 bytes, 1x1 pixels at maxval 255 take 3"),
        (b"P6 1 1 255\n\1\2\3\4", "raster", 11, "has 4 bytes"),
        (b"P6 1 1 65535\n" + bytes(5), "raster", 13, "take 6"),
        (b"P6 2 1 9\n\1\2\3\4\5\12", "raster", 14, "sample 10 is above maxval 9"),
        (b"P6 1 1 256\n\0\1\1\1\0\0", "raster", 13, "sample 257 is above maxval 256"),
        (b"P3 1 1 255 1 2", "raster", 14, "end of the file"),
        (b"P3 1 1 255 1 2 256", "raster", 15, "256 is not 0 to 255"),
        (b"P3 1 1 255 1 2 3 4", "raster", 17, "after the last sample"),
        (b"P3 1 1 255 1 2,3", "raster", 14, "found ','"),
    ],
)
def test_error_names_file_field_and_offset(data, field, offset, says):
    with pytest.raises(ImageError) as caught:
        parse_ppm(data, "holiday.ppm")
    assert (caught.value.file, caught.value.field, caught.value.offset) == ("holiday.ppm", field, offset)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"holiday.ppm: {field} at offset {offset:#x}: ")


def test_default_scene_is_a_picture_and_always_the_same():
    scene = default_scene()
    assert scene == default_scene()
    assert parse_ppm(scene) == PpmHeader("P6", WIDTH, HEIGHT, 255, 13)


def test_default_scene_shows_sky_sun_and_hills():
    scene = default_scene()

    def pixel(x, y):
        start = 13 + 3 * (y * WIDTH + x)
        return tuple(scene[start : start + 3])

    sky, sun, ground = pixel(2, 0), pixel(70, 16), pixel(32, 63)
    assert sky[2] == max(sky) and sun[0] == max(sun) and ground[1] == max(ground)
    assert len(set(scene[13:])) > 50
