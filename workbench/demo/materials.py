"""The surfaces of the training world: each a field in 0..1 that chooses between two colours."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from workbench.demo.noise import (
    Colours,
    Field,
    Tone,
    coordinates,
    fractal,
    grain,
    smooth,
    step,
)

Surface = Callable[[Generator, int], Field]


def turned(rng: Generator, size: int, spread: float) -> tuple[Field, Field]:
    """Return coordinates turned by up to `spread` radians and shifted at random."""
    y, x = coordinates(size)
    angle = rng.uniform(-spread, spread)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    shift = rng.random(2).astype(np.float32) + np.float32(2)
    return c * y - s * x + shift[0], s * y + c * x + shift[1]


def squash(field: Field, strength: float = 1.0) -> Field:
    """Return unit-variance noise mapped into 0..1 around one half."""
    drawn: Field = np.clip(0.5 + 0.25 * np.float32(strength) * field, 0, 1)
    return drawn


def weave(rng: Generator, size: int) -> Field:
    """Threads over and under each other."""
    y, x = turned(rng, size, 0.5)
    count = np.float32(rng.uniform(14, 34))
    y, x = y * count, x * count * np.float32(rng.uniform(0.8, 1.25))
    over = (np.floor(y) + np.floor(x)) % 2
    fy, fx = np.abs(y % 1 - 0.5) * 2, np.abs(x % 1 - 0.5) * 2
    across = (1 - fy**2) * (1 - 0.5 * fx**2)
    along = (1 - fx**2) * (1 - 0.5 * fy**2) * 0.8
    thread = np.where(over > 0, across, along).astype(np.float32)
    drawn: Field = np.clip(thread + np.float32(0.08) * smooth(rng, size, 24), 0, 1)
    return drawn


def knitted(rng: Generator, size: int) -> Field:
    """Rows of V-shaped stitches."""
    y, x = turned(rng, size, 0.3)
    count = np.float32(rng.uniform(8, 18))
    u, v = x * count, y * count * np.float32(1.3)
    slant = np.abs(u % 1 - 0.5) * 2
    stitch = np.abs((v + slant) % 1 - 0.5) * 2
    yarn = 1 - stitch**1.5 - 0.5 * (slant < 0.12) + 0.08 * smooth(rng, size, 30)
    drawn: Field = np.clip(yarn, 0, 1)
    return drawn


def brushed(rng: Generator, size: int) -> Field:
    """Fine parallel lines with a broad sheen."""
    lines = smooth(rng, size, size, int(rng.integers(2, 6))) + smooth(rng, size, size // 3, 3)
    if rng.random() < 0.5:
        lines = np.ascontiguousarray(lines.T)
    y, x = turned(rng, size, 3.1)
    sheen = np.cos(np.float32(rng.uniform(2, 5)) * (y + 0.3 * x))
    drawn: Field = np.clip(0.5 + 0.09 * lines + 0.2 * sheen, 0, 1).astype(np.float32)
    return drawn


def wood(rng: Generator, size: int) -> Field:
    """Year rings cut lengthwise."""
    y, x = turned(rng, size, 0.25)
    if rng.random() < 0.5:
        y, x = x, y
    bent = y + np.float32(0.06) * smooth(rng, size, 3, 2) + np.float32(0.01) * x
    rings = (bent * np.float32(rng.uniform(7, 16))) % 1
    pores = smooth(rng, size, size, 8) if rng.random() < 0.5 else smooth(rng, size, 8, size)
    return np.clip(rings**2 * 0.8 + 0.07 * pores + 0.1, 0, 1)


def grained(rng: Generator, size: int) -> Field:
    """Grains of several brightnesses, as in granite."""
    coarse = fractal(rng, size, int(rng.integers(18, 40)), 3, 0.8)
    fine = grain(rng, size)
    return np.clip(
        0.5 + 0.3 * step(coarse, 0.5, 0.3) - 0.35 * step(-coarse, 0.8, 0.3) + 0.07 * fine, 0, 1
    )


def marbled(rng: Generator, size: int) -> Field:
    """Veins along a folded noise field."""
    folded = np.abs(fractal(rng, size, int(rng.integers(2, 4)), 5, 0.55))
    drawn: Field = np.clip(1 - 1.2 * np.exp(-4 * folded), 0, 1).astype(np.float32)
    return drawn


def leathery(rng: Generator, size: int) -> Field:
    """Soft pebbles parted by creases."""
    cells = int(rng.integers(14, 28))
    pebble = np.abs(smooth(rng, size, cells)) + 0.7 * np.abs(smooth(rng, size, cells * 2))
    drawn: Field = np.clip(0.2 + 0.5 * pebble**0.6, 0, 1).astype(np.float32)
    return drawn


def tiled(rng: Generator, size: int) -> Field:
    """Square tiles with joints, each of its own shade."""
    y, x = turned(rng, size, 0.4)
    count = np.float32(rng.uniform(3, 8))
    y, x = y * count, x * count
    joint = np.maximum(np.abs(y % 1 - 0.5), np.abs(x % 1 - 0.5))
    shades = rng.random((40, 40), dtype=np.float32)
    shade = shades[y.astype(np.int32) % 40, x.astype(np.int32) % 40]
    return np.where(joint > 0.46, 0.0, 0.6 + 0.3 * shade).astype(np.float32)


def bricked(rng: Generator, size: int) -> Field:
    """Bricks in a running bond."""
    y, x = turned(rng, size, 0.1)
    count = np.float32(rng.uniform(5, 11))
    y, x = y * count, x * count / 2
    x = x + 0.5 * (np.floor(y) % 2)
    gap = np.maximum(np.abs(y % 1 - 0.5), 0.5 - (0.5 - np.abs(x % 1 - 0.5)) * 2 * 0.9)
    shades = rng.random((40, 40), dtype=np.float32)
    shade = shades[y.astype(np.int32) % 40, x.astype(np.int32) % 40]
    value = 0.55 + 0.35 * shade + 0.06 * grain(rng, size)
    return np.clip(np.where(gap > 0.43, 0.05, value), 0, 1).astype(np.float32)


def meshed(rng: Generator, size: int) -> Field:
    """A grid of wires with openings between."""
    y, x = turned(rng, size, 0.8)
    count = np.float32(rng.uniform(8, 20))
    near = np.minimum(np.abs(y * count % 1 - 0.5), np.abs(x * count % 1 - 0.5))
    drawn: Field = np.clip(1.15 - near * np.float32(rng.uniform(4, 6)), 0, 1).astype(np.float32)
    return drawn


def foamy(rng: Generator, size: int) -> Field:
    """Pores of many sizes."""
    pores = fractal(rng, size, int(rng.integers(12, 24)), 3, 0.9)
    return 1 - 0.9 * step(pores, 0.55, 0.6)


def speckled(rng: Generator, size: int) -> Field:
    """A smooth ground with sparse specks."""
    specks = step(smooth(rng, size, int(rng.integers(45, 90))), 1.6, 0.5)
    return np.clip(0.15 + 0.8 * specks + 0.02 * smooth(rng, size, 3), 0, 1)


def papery(rng: Generator, size: int) -> Field:
    """Almost even, with faint fibres."""
    return squash(0.3 * fractal(rng, size, 24, 3, 0.8) + 0.2 * smooth(rng, size, 3))


def concrete(rng: Generator, size: int) -> Field:
    """Cloudy grey with pin holes."""
    pits = step(smooth(rng, size, 60), 2.1, 0.3)
    return np.clip(squash(fractal(rng, size, 3, 6, 0.65)) - 0.5 * pits, 0, 1)


def carpeted(rng: Generator, size: int) -> Field:
    """Short tufts."""
    tufts = smooth(rng, size, size // 3) + 0.6 * grain(rng, size)
    return squash(tufts)


def ribbed(rng: Generator, size: int) -> Field:
    """Straight ridges, as of rubber or corduroy."""
    y, _ = turned(rng, size, 1.6)
    wave = np.cos(2 * np.pi * y * np.float32(rng.uniform(8, 24)))
    return np.clip(0.5 + 0.4 * wave + 0.04 * smooth(rng, size, 40), 0, 1).astype(np.float32)


def even(rng: Generator, size: int) -> Field:
    """Nothing but a faint cloud."""
    return squash(0.2 * smooth(rng, size, 3))


# surface, the words for it, the contrast between its two colours
MATERIALS: dict[str, tuple[Surface, tuple[str, ...], float]] = {
    "weave": (weave, ("fabric", "woven fabric", "cloth", "textile"), 0.5),
    "knitted": (knitted, ("knitted wool", "knitwear", "wool"), 0.5),
    "metal": (brushed, ("metal", "brushed metal", "steel", "aluminium"), 0.6),
    "wood": (wood, ("wood", "wooden board", "timber"), 0.4),
    "stone": (grained, ("granite", "stone", "grained stone"), 0.6),
    "marble": (marbled, ("marble", "marbled stone"), 0.5),
    "leather": (leathery, ("leather", "hide"), 0.45),
    "tiles": (tiled, ("tiles", "tiled floor", "ceramic tiles"), 0.5),
    "brick": (bricked, ("bricks", "brick wall"), 0.5),
    "mesh": (meshed, ("wire mesh", "grid", "metal grid"), 0.7),
    "foam": (foamy, ("foam", "sponge"), 0.45),
    "plastic": (speckled, ("speckled plastic", "plastic"), 0.5),
    "paper": (papery, ("paper", "cardboard"), 0.25),
    "concrete": (concrete, ("concrete", "cement"), 0.4),
    "carpet": (carpeted, ("carpet", "felt"), 0.4),
    "rubber": (ribbed, ("ribbed rubber", "rubber"), 0.4),
}

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (190, 45, 40),
    "orange": (225, 125, 40),
    "yellow": (225, 200, 70),
    "green": (60, 140, 70),
    "blue": (50, 90, 175),
    "purple": (120, 65, 150),
    "pink": (225, 140, 165),
    "brown": (120, 80, 50),
    "black": (45, 45, 48),
    "white": (228, 227, 222),
    "grey": (135, 135, 138),
    "beige": (205, 185, 150),
    "turquoise": (60, 165, 165),
    "silver": (180, 183, 188),
}


def shade_of(rng: Generator, name: str) -> Tone:
    """Return one RGB colour (0..1) that goes by the name."""
    base = np.array(COLOURS[name], np.float32) / np.float32(255)
    drawn = base * np.float32(rng.uniform(0.85, 1.12)) + rng.normal(0, 0.025, 3).astype(np.float32)
    colour: Tone = np.clip(drawn, 0, 1).astype(np.float32)
    return colour


def surface(rng: Generator, size: int, material: str, colour: str) -> Colours:
    """Return a coloured picture (0..1) of the material."""
    pattern, _, contrast = MATERIALS[material]
    return painted(rng, pattern(rng, size), shade_of(rng, colour), contrast)


def painted(rng: Generator, values: Field, colour: Tone, contrast: float) -> Colours:
    """Return a field as a picture between a dark and a light shade of the colour."""
    depth = np.float32(contrast * rng.uniform(0.7, 1.2))
    low = colour * (1 - depth * 0.75)
    high = np.clip(colour * (1 + depth * 0.35) + 0.12 * depth, 0, 1)
    table = low + (high - low) * np.linspace(0, 1, 1024, dtype=np.float32)[:, None]
    return np.take(table.astype(np.float32), (values * np.float32(1023)).astype(np.int32), axis=0)
