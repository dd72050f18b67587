"""Anomaly maps over pictures, on a colour scale that the support fixes.

A scale per picture would make every normal picture glow somewhere. Here the same value has the
same colour in every picture of a run, and what is quiet stays transparent.
"""

import io
import math
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation

from workbench.errors import DataError, SettingError
from workbench.figures.colours import (
    CONTOUR,
    heat_colours,
    heat_table,
    plain_number,
    unit_scale,
)

OPACITY = 0.8


def overlay(
    image: Image.Image,
    anomaly_map: Float[np.ndarray, "height width"],
    value_range: tuple[float, float],
    mask: Bool[np.ndarray, "mask_height mask_width"] | None = None,
    opacity: float = OPACITY,
) -> Image.Image:
    """Return `image` with the map as heat over it and the ground truth as a cyan line.

    The map and the mask may have any size; they are stretched over the picture (the map
    bilinearly, the mask so that thin defects stay). Heat is as opaque as its value is high:
    nothing at `value_range[0]`, `opacity` at `value_range[1]` and above.

    Raises `SettingError` for an empty range or an opacity outside 0..1, `DataError` for a map
    with NaN or infinity.

    >>> grey = Image.new("RGB", (4, 4), "grey")
    >>> overlay(grey, np.zeros((2, 2)), (0.0, 1.0)).getpixel((0, 0))
    (128, 128, 128)
    """
    check_range(value_range)
    if not 0 <= opacity <= 1:
        raise SettingError(f"opacity is {opacity}, and it goes from 0 (no heat) to 1.")
    if not np.isfinite(anomaly_map).all():
        raise DataError("the anomaly map holds NaN or infinity, which no colour stands for.")
    picture = image.convert("RGB")
    values = _stretch(anomaly_map, picture.size)
    alpha = opacity * unit_scale(values, value_range)[..., None] ** 1.5
    blended = (1 - alpha) * np.asarray(picture) + alpha * heat_colours(values, value_range)
    pixels = np.round(blended).astype(np.uint8)
    if mask is not None:
        pixels = _with_contour(pixels, fitted_mask(mask, picture.size))
    return Image.fromarray(pixels)


def fitted_mask(
    mask: Bool[np.ndarray, "height width"], size: tuple[int, int]
) -> Bool[np.ndarray, "tall wide"]:
    """Return a mask stretched over a picture of `size` (width, height).

    Enlarged by the nearest pixel; shrunk so that a pixel touched at all counts: thin cracks stay.

    >>> fitted_mask(np.eye(4, dtype=bool), (2, 2)).tolist()
    [[True, False], [False, True]]
    """
    if mask.shape == size[::-1]:
        return mask
    if mask.shape[0] <= size[1] and mask.shape[1] <= size[0]:
        nearest = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)
        return np.asarray(nearest).astype(bool)
    share = Image.fromarray(mask.astype(np.float32)).resize(size, Image.Resampling.BOX)
    fitted: Bool[np.ndarray, "tall wide"] = np.asarray(share) > 0
    return fitted


def outline(
    image: Image.Image, row: int, column: int, grid: tuple[int, int], colour: str = "white"
) -> Image.Image:
    """Return `image` with one patch of a `grid` of (rows, columns) outlined.

    Raises `SettingError` if the grid has no such patch.
    """
    rows, columns = grid
    if not (0 <= row < rows and 0 <= column < columns):
        raise SettingError(
            f"no patch at row {row}, column {column}: the grid is {rows} x {columns}"
        )
    picture = image.convert("RGB")
    width, height = picture.size
    box = [
        round(column * width / columns),
        round(row * height / rows),
        round((column + 1) * width / columns) - 1,
        round((row + 1) * height / rows) - 1,
    ]
    line = _line_width(picture.size)
    around = [box[0] - line, box[1] - line, box[2] + line, box[3] + line]
    draw = ImageDraw.Draw(picture)
    draw.rectangle(around, outline="black", width=2 * line)
    draw.rectangle(box, outline=colour, width=line)
    return picture


def with_colour_bar(
    picture: Image.Image, value_range: tuple[float, float], title: str = "anomaly score"
) -> Image.Image:
    """Return `picture` on a white sheet with the colour scale and its end values under it."""
    check_range(value_range)
    low, high = value_range
    width = max(picture.width, 200)
    size = max(11, round(width / 38))
    font = ImageFont.load_default(size)
    pad, bar = size // 2 + 2, size
    sheet = Image.new("RGB", (width, picture.height + 2 * pad + bar + 2 * size), "white")
    sheet.paste(picture.convert("RGB"), ((width - picture.width) // 2, 0))
    ramp = Image.fromarray(heat_table()[None]).resize(
        (width - 2 * pad, bar), Image.Resampling.NEAREST
    )
    top = picture.height + pad
    sheet.paste(ramp, (pad, top))
    draw = ImageDraw.Draw(sheet)  # with no sign that Pillow's own font lacks, such as "≤"
    below = top + bar + size // 4
    draw.text((pad, below), f"<= {plain_number(low)}", "black", font)
    draw.text((width // 2, below), title, "black", font, anchor="ma")
    draw.text((width - pad, below), f">= {plain_number(high)}", "black", font, anchor="ra")
    return sheet


def encode(
    image: Image.Image,
    max_side: int | None = None,
    kind: Literal["webp", "png", "jpeg"] = "webp",
    quality: int = 80,
) -> bytes:
    """Return the picture as file bytes, first shrunk so that no side exceeds `max_side`."""
    picture = image.convert("RGB")
    if max_side is not None and max(picture.size) > max_side:
        shrink = max_side / max(picture.size)
        size = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, kind.upper(), **({} if kind == "png" else {"quality": quality}))
    return buffer.getvalue()


def check_range(value_range: tuple[float, float]) -> None:
    """Raise `SettingError` unless the two ends are finite and rising."""
    low, high = value_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SettingError(
            f"the colour scale runs from {low} to {high}: it needs two finite "
            "ends, the lower first."
        )


def _stretch(
    values: Float[np.ndarray, "height width"], size: tuple[int, int]
) -> Float[np.ndarray, "tall wide"]:
    if values.shape == size[::-1]:
        return values
    canvas = Image.fromarray(values.astype(np.float32))
    return np.asarray(canvas.resize(size, Image.Resampling.BILINEAR))


def _with_contour(
    pixels: UInt8[np.ndarray, "height width 3"], mask: Bool[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw the line just outside the mask, with a dark edge so that it shows on any ground."""
    if not mask.any():
        return pixels
    line = _line_width((mask.shape[1], mask.shape[0]))
    square = np.ones((3, 3), bool)
    inner = binary_dilation(mask, square, iterations=line)
    outer = binary_dilation(inner, square, iterations=max(1, line // 2))
    drawn = pixels.copy()
    drawn[outer & ~inner] = (10, 20, 30)
    drawn[inner & ~mask] = CONTOUR
    return drawn


def _line_width(size: tuple[int, int]) -> int:
    return max(1, round(min(size) / 160))
