"""What the camera looks at when nobody gives it a picture: sky, sun and hills, drawn by integer arithmetic."""

from __future__ import annotations

from functools import cache

WIDTH, HEIGHT = 96, 64
SUN_X, SUN_Y, SUN_RADIUS = 70, 16, 8

Colour = tuple[int, int, int]
SUN: Colour = (255, 236, 140)
FAR_HILL: Colour = (92, 128, 112)
NEAR_HILL: Colour = (52, 104, 56)


@cache
def default_scene() -> bytes:
    """A P6 PPM of 96x64 pixels, the same bytes on every machine."""
    pixels = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            pixels += bytes(_colour(x, y))
    return b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + bytes(pixels)


def _colour(x: int, y: int) -> Colour:
    if y >= _hill(x, period=64, foot=60, height=20):
        return _shade(NEAR_HILL, y - 40)
    if y >= _hill(x + 40, period=48, foot=50, height=16):
        return _shade(FAR_HILL, y - 34)
    if (x - SUN_X) ** 2 + (y - SUN_Y) ** 2 <= SUN_RADIUS * (SUN_RADIUS + 1):
        return SUN
    return (90 + 2 * y, 150 + y, 235)


def _hill(x: int, period: int, foot: int, height: int) -> int:
    """The line of a chain of parabolic hills: the row where the ground begins."""
    half = period // 2
    distance = x % period - half
    return foot - (height * (half * half - distance * distance) - 1) // (half * half)


def _shade(colour: Colour, depth: int) -> Colour:
    """Darker further down, so that the ground is not flat."""
    red, green, blue = (max(0, channel - max(0, depth)) for channel in colour)
    return red, green, blue
