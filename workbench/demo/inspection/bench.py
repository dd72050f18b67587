"""The inspection bench: a product lies under a lamp, and a camera looks down on it.

A product is a `Sheet`: its colours, its relief, how it shines and where it is, all flat and
upright. A `Shot` is everything that differs between two pictures of one product: pose, lamp and
camera. Taking the same shot of a sheet with and without a defect gives pictures that differ only
where the defect shows, which is what its mask is computed from.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8
from numpy.random import Generator, default_rng
from PIL import Image

from workbench.demo.inspection.noise import Colours, Field, coordinates, mix, soften

FRAME = 512  # pixels across a sheet
PICTURE = 256  # pixels across a picture
Taken = Float[np.ndarray, "picture_row picture_column 3"]


@dataclass(frozen=True)
class Sheet:
    """A flat product: colours 0..1, height in pixels, gloss and cover 0..1, `FRAME` pixels wide."""

    rgb: Colours
    height: Field
    gloss: Field
    alpha: Field

    def changed(self, **layers: np.ndarray) -> "Sheet":
        """Return a copy with some layers replaced."""
        return replace(self, **layers)


@dataclass(frozen=True)
class Shot:
    """One photograph to be taken. Angles in radians, shifts in widths of the picture."""

    turn: float
    shift: tuple[float, float]
    zoom: float
    lamp: tuple[float, float, float]
    warmth: float
    exposure: float
    ambient: float
    defocus: float
    noise: float
    seed: int


def shot(rng: Generator, turn: float, shift: float, zoom: tuple[float, float]) -> Shot:
    """Return a shot whose pose varies by up to `turn` and `shift`, and its zoom in a range."""
    azimuth = rng.uniform(-2.6, -0.6)
    far = rng.uniform(0.55, 0.95)
    return Shot(
        turn=rng.uniform(-turn, turn),
        shift=(rng.uniform(-shift, shift), rng.uniform(-shift, shift)),
        zoom=rng.uniform(*zoom),
        lamp=(0.5 + far * np.sin(azimuth), 0.5 + far * np.cos(azimuth), rng.uniform(0.9, 1.3)),
        warmth=rng.normal(0, 0.025),
        exposure=float(np.exp(rng.normal(0, 0.07))),
        ambient=rng.uniform(0.4, 0.55),
        defocus=rng.uniform(0.0, 0.6),
        noise=rng.uniform(0.006, 0.016),
        seed=int(rng.integers(2**31)),
    )


def posed(field: Field, view: Shot, outside: float) -> Field:
    """Return one layer of a sheet as the camera sees it (same size)."""
    size = field.shape[0]
    c, s = np.cos(view.turn) / view.zoom, np.sin(view.turn) / view.zoom
    cy, cx = size * (0.5 + view.shift[0]), size * (0.5 + view.shift[1])
    offset_x = size / 2 - c * cx - s * cy
    offset_y = size / 2 + s * cx - c * cy
    picture = Image.fromarray(field - np.float32(outside))
    warped = picture.transform(
        (size, size),
        Image.Transform.AFFINE,
        (c, s, offset_x, -s, c, offset_y),
        Image.Resampling.BICUBIC,
    )
    return np.array(warped, dtype=np.float32) + np.float32(outside)


def photograph(sheet: Sheet, ground: Sheet, view: Shot) -> Taken:
    """Return the picture of a product on its ground, 0..1, before the sensor's noise."""
    alpha = np.clip(posed(sheet.alpha, view, 0.0), 0, 1)
    colours = np.stack(
        [posed(np.ascontiguousarray(sheet.rgb[:, :, k]), view, 0.0) for k in range(3)], axis=2
    )
    lamp = view.lamp
    reach = 7.0
    slide = (round((0.5 - lamp[0]) * reach), round((0.5 - lamp[1]) * reach))
    shadow = np.clip(
        soften(np.roll(alpha, slide, (0, 1)), 9) * 0.6 + soften(alpha, 26) * 0.35, 0, 0.75
    )
    below = lit(ground.rgb, ground.height, ground.gloss, view) * (1 - shadow[:, :, None])
    above = lit(colours, posed(sheet.height, view, 0.0), posed(sheet.gloss, view, 0.0), view)
    picture = mix(below, above, alpha)
    tint = np.array([1 + view.warmth, 1.0, 1 - view.warmth], np.float32)
    picture = picture * tint * np.float32(view.exposure)
    return _camera(picture, view)


def lit(rgb: Colours, height: Field, gloss: Field, view: Shot) -> Colours:
    """Return colours under the lamp: ambient and diffuse light, and highlights where it shines."""
    y, x = coordinates(rgb.shape[0])
    slope_y, slope_x = np.gradient(height)
    to_lamp = (
        np.float32(view.lamp[0]) - y,
        np.float32(view.lamp[1]) - x,
        np.full_like(x, view.lamp[2]),
    )
    length = np.sqrt(to_lamp[0] ** 2 + to_lamp[1] ** 2 + to_lamp[2] ** 2)
    normal = 1 / np.sqrt(slope_y**2 + slope_x**2 + 1)
    towards = (to_lamp[2] - slope_y * to_lamp[0] - slope_x * to_lamp[1]) * normal / length
    diffuse = np.clip(towards, 0, None) * (1.25 / length**1.5)
    half = to_lamp[2] / length + 1
    halfway = (half - (slope_y * to_lamp[0] + slope_x * to_lamp[1]) / length) * normal
    size = np.sqrt((to_lamp[0] ** 2 + to_lamp[1] ** 2) / length**2 + half**2)
    shine = gloss * np.clip(halfway / size, 0, 1) ** 60
    light = view.ambient + (1.15 - view.ambient) * diffuse
    drawn: Colours = (rgb * light[:, :, None] + 0.55 * shine[:, :, None]).astype(np.float32)
    return drawn


def _camera(picture: Colours, view: Shot) -> Taken:
    """Return the scene as the sensor has it, shrunk from `FRAME` to `PICTURE` pixels."""
    layers = []
    for k in range(3):
        layer = soften(np.ascontiguousarray(picture[:, :, k]), 1 + 2 * view.defocus)
        small = Image.fromarray(layer).resize((PICTURE, PICTURE), Image.Resampling.BOX)
        layers.append(np.array(small, dtype=np.float32))
    y, x = coordinates(PICTURE)
    fall = 1 - 0.22 * ((y - 0.5) ** 2 + (x - 0.5) ** 2)
    return (np.stack(layers, axis=2) * fall[:, :, None]).astype(np.float32)


def developed(picture: Taken, view: Shot) -> UInt8[np.ndarray, "picture_row picture_column 3"]:
    """Return the picture with sensor noise, as 8 bits."""
    rng = default_rng(view.seed)
    shape = picture.shape[:2]
    common = rng.standard_normal(shape, dtype=np.float32)[:, :, None]
    colour = rng.standard_normal((*shape, 3), dtype=np.float32)
    level = np.sqrt(np.clip(picture, 0.02, 1)) * np.float32(view.noise * 1.6)
    noisy = picture + level * (0.8 * common + 0.45 * colour)
    drawn: Colours = (np.clip(noisy, 0, 1) * 255 + 0.5).astype(np.uint8)
    return drawn
