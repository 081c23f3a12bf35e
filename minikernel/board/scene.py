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
    near = [_hill(x, period=64, foot=60, height=20) for x in range(WIDTH)]
    far = [_hill(x + 40, period=48, foot=50, height=16) for x in range(WIDTH)]
    rows = (_row(y, near, far) for y in range(HEIGHT))
    return b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + b"".join(rows)


def _row(y: int, near: list[int], far: list[int]) -> bytes:
    """The pixels of row y; `near` and `far` are the rows where the hills begin, for each column."""
    near_hill, far_hill = bytes(_shade(NEAR_HILL, y - 40)), bytes(_shade(FAR_HILL, y - 34))
    sky, sun = bytes((90 + 2 * y, 150 + y, 235)), bytes(SUN)
    reach = SUN_RADIUS * (SUN_RADIUS + 1) - (y - SUN_Y) ** 2  # how far from its middle, squared, the sun still is
    return b"".join(
        near_hill if y >= near[x] else far_hill if y >= far[x] else sun if (x - SUN_X) ** 2 <= reach else sky
        for x in range(WIDTH)
    )


def _hill(x: int, period: int, foot: int, height: int) -> int:
    """The line of a chain of parabolic hills: the row where the ground begins."""
    half = period // 2
    distance = x % period - half
    return foot - (height * (half * half - distance * distance) - 1) // (half * half)


def _shade(colour: Colour, depth: int) -> Colour:
    """Darker further down, so that the ground is not flat."""
    red, green, blue = (max(0, channel - max(0, depth)) for channel in colour)
    return red, green, blue
