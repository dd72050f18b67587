"""Random fields and strokes that every picture of the demo is made of: small grids, enlarged."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy.random import Generator
from PIL import Image, ImageDraw

Field = Float[np.ndarray, "row column"]
Colours = Float[np.ndarray, "row column 3"]
Tone = Float[np.ndarray, "3"]


@lru_cache(maxsize=16)
def coordinates(size: int) -> tuple[Field, Field]:
    """Return (y, x), the pixel centres of a square picture, each in 0..1."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    y, x = np.meshgrid(axis, axis, indexing="ij")
    y.setflags(write=False)
    x.setflags(write=False)
    return y, x


def enlarge(small: Float[np.ndarray, "rows columns"], size: int) -> Field:
    """Return the small grid stretched to a square of `size` pixels by bicubic interpolation."""
    picture = Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)
    return np.array(picture, dtype=np.float32)


def smooth(rng: Generator, size: int, rows: int, columns: int | None = None) -> Field:
    """Return smooth noise of about unit variance whose bumps number `rows` by `columns`."""
    grid = (max(2, rows), max(2, columns if columns is not None else rows))
    return enlarge(rng.standard_normal(grid, dtype=np.float32), size)


def fractal(rng: Generator, size: int, cells: int, octaves: int = 4, decay: float = 0.5) -> Field:
    """Return noise whose octaves start at `cells` bumps, each twice as fine and `decay` as strong.

    The result is scaled to about unit variance.
    """
    total = np.zeros((size, size), np.float32)
    power = 0.0
    for octave in range(octaves):
        count = cells * 2**octave
        if count > size:
            break
        total += decay**octave * smooth(rng, size, count)
        power += decay ** (2 * octave)
    return total / np.float32(max(power, 1e-6) ** 0.5)


def grain(rng: Generator, size: int) -> Field:
    """Return white noise of unit variance."""
    return rng.standard_normal((size, size), dtype=np.float32)


def soften(field: Field, factor: float) -> Field:
    """Return the field blurred by about `factor` pixels: shrunk, then enlarged again."""
    size = field.shape[0]
    small = max(2, round(size / max(1.0, factor)))
    shrunk = Image.fromarray(field).resize((small, small), Image.Resampling.BOX)
    return np.array(shrunk.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)


def step(field: Field, threshold: float, width: float) -> Field:
    """Return 0 below the threshold, 1 above, with a linear ramp of the given width between."""
    return np.clip((field - threshold) / width + 0.5, 0.0, 1.0).astype(np.float32)


def blob(
    rng: Generator, size: int, centre: tuple[float, float], radius: float, ragged: float = 0.25
) -> Field:
    """Return a soft irregular spot, 1 inside and 0 outside, at `centre` (y, x in 0..1)."""
    y, x = coordinates(size)
    squeeze = np.float32(np.exp(rng.normal(0, 0.25)))
    turn = rng.uniform(0, np.pi)
    dy, dx = y - np.float32(centre[0]), x - np.float32(centre[1])
    along = dx * np.float32(np.cos(turn)) + dy * np.float32(np.sin(turn))
    across = dy * np.float32(np.cos(turn)) - dx * np.float32(np.sin(turn))
    distance = np.sqrt((along * squeeze) ** 2 + (across / squeeze) ** 2) / np.float32(radius)
    distance = distance + np.float32(ragged) * smooth(rng, size, max(4, round(1.2 / radius)))
    return step(-distance, -1.0, min(1.0, 2.5 / (radius * size)))


def stroke(size: int, points: list[tuple[float, float]], width: float, *, detail: int = 2) -> Field:
    """Return an antialiased polyline through `points` (y, x in 0..1), `width` in pixels."""
    canvas = Image.new("L", (size * detail, size * detail))
    scaled = [(x * size * detail, y * size * detail) for y, x in points]
    ImageDraw.Draw(canvas).line(scaled, fill=255, width=max(1, round(width * detail)))
    return np.array(canvas.reduce(detail), dtype=np.float32) / np.float32(255)


def wander(
    rng: Generator,
    start: tuple[float, float],
    length: float,
    steps: int,
    bend: float,
    direction: float | None = None,
) -> list[tuple[float, float]]:
    """Return a path of `steps` pieces about `start`, turning by about `bend` radians at each.

    The first piece points at random unless a `direction` (radians, 0 is rightwards) is given.
    """
    if direction is None:
        direction = rng.uniform(0, 2 * np.pi)
    y, x = start
    y -= np.sin(direction) * length / 2
    x -= np.cos(direction) * length / 2
    path = [(y, x)]
    for _ in range(steps):
        direction += rng.normal(0, bend)
        y += np.sin(direction) * length / steps
        x += np.cos(direction) * length / steps
        path.append((y, x))
    return path


def tone(red: float, green: float, blue: float) -> Tone:
    """Return one colour, each channel 0..1."""
    return np.array([red, green, blue], np.float32)


def mix(below: Colours, above: Colours | Tone, share: Field) -> Colours:
    """Return `below` with `above` laid over it where `share` is 1."""
    drawn: Colours = below + (above - below) * share[:, :, None]
    return drawn
