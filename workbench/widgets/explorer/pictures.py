"""Pictures as they travel: atlases of thumbnails, single pictures, strips, masks."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from workbench.figures.overlay import encode, fitted_mask
from workbench.images.decode import open_image
from workbench.images.samples import Sample
from workbench.images.truth import true_mask

THUMB = 64
COLUMNS = 20
PER_PART = 400
"""Tiles of one atlas; more images come in several."""

PICTURE_SIDE = 512
MASK_SIDE = 256
QUALITY = 75

Bytes = UInt8[np.ndarray, "byte"]


def atlas(samples: Sequence[Sample], side: int = THUMB, columns: int = COLUMNS) -> Bytes:
    """Return small squares of images, row by row, as one WebP. Raises `DataError` as opening."""
    small = [  # each before the next is opened
        open_image(sample.path).resize((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
        for sample in samples
    ]
    return tiles(small, side, columns)


def tiles(images: Sequence[Image.Image], side: int, columns: int) -> Bytes:
    """Return pictures squashed to squares, `columns` a row, as one WebP."""
    across, down = min(columns, max(len(images), 1)), -(-max(len(images), 1) // columns)
    sheet = Image.new("RGB", (across * side, down * side), "white")
    for index, image in enumerate(images):
        place = (index % columns * side, index // columns * side)
        sheet.paste(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC), place)
    return as_bytes(encode(sheet, quality=QUALITY))


def picture(sample: Sample, side: int = PICTURE_SIDE) -> Bytes:
    """Return an image as WebP, no side above `side` pixels. Raises `DataError` as opening does."""
    return as_bytes(encode(open_image(sample.path), side, quality=QUALITY))


def mask(
    sample: Sample, size: tuple[int, int], most: int = MASK_SIDE
) -> Bool[np.ndarray, "row column"] | None:
    """Return where an image of `size` (height, width) is anomalous, no side above `most` pixels.

    A single pixel for an image that is normal everywhere; `None` where nobody knows.
    """
    truth = true_mask(sample, size)
    if truth is None:
        return None
    if not truth.any():
        return np.zeros((1, 1), bool)
    height, width = truth.shape
    shrink = min(1.0, most / max(height, width))
    return fitted_mask(truth, (max(1, round(width * shrink)), max(1, round(height * shrink))))


def as_bytes(content: bytes) -> Bytes:
    """Return file bytes as an array."""
    return np.frombuffer(content, np.uint8)
