"""From a patch back to the pixels it was computed from.

The model squashes a whole picture to its input size, so a patch of its grid is a box of the
original picture whose sides need not be whole pixels.
"""

import math

from PIL import Image

from workbench.errors import SettingError
from workbench.images.stream import Picture

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels, fractions included."""


def crop(
    picture: Picture,
    row: int,
    column: int,
    grid: tuple[int, int],
    context: float = 1.0,
    size: int | None = None,
) -> Image.Image:
    """Return a patch of a picture with `context` patches around it on every side.

    At the border the crop is shifted inside and keeps its size, so that the patch is then not in
    its middle (`patch_box` says where it is). `size` is the longer side of the crop in pixels; as
    many as the picture has there if not given.

    >>> grey = Picture("grey", held=Image.new("RGB", (80, 40)))
    >>> crop(grey, 0, 3, grid=(4, 4)).size, crop(grey, 0, 3, grid=(4, 4), size=90).size
    ((60, 30), (90, 45))

    Raises `SettingError` for a patch outside the grid or a negative context, `DataError` if the
    picture does not open.
    """
    return cut(picture.open(), row, column, grid, context, size)


def cut(
    image: Image.Image,
    row: int,
    column: int,
    grid: tuple[int, int],
    context: float = 1.0,
    size: int | None = None,
) -> Image.Image:
    """Return the same crop of a picture that is open already (see `crop`)."""
    box = _crop_box(image.size, row, column, grid, context)
    return image.resize(_pixels(box, size), Image.Resampling.BICUBIC, box=box)


def patch_box(
    whole: tuple[int, int],
    row: int,
    column: int,
    grid: tuple[int, int],
    context: float = 1.0,
    size: int | None = None,
) -> Box:
    """Return where the patch lies in its crop, in the crop's pixels.

    `whole` is the (width, height) of the whole picture; the rest is as it was given to `crop`.

    >>> patch_box((80, 40), 0, 3, grid=(4, 4))
    (40.0, 0.0, 60.0, 10.0)

    Raises `SettingError` as `crop` does.
    """
    left, top, right, bottom = box = _crop_box(whole, row, column, grid, context)
    wide, high = _pixels(box, size)
    across, down = wide / (right - left), high / (bottom - top)
    patch = _patch(whole, row, column, grid)
    return (
        (patch[0] - left) * across,
        (patch[1] - top) * down,
        (patch[2] - left) * across,
        (patch[3] - top) * down,
    )


def _patch(whole: tuple[int, int], row: int, column: int, grid: tuple[int, int]) -> Box:
    rows, columns = grid
    if not (0 <= row < rows and 0 <= column < columns):
        raise SettingError(
            f"no patch at row {row}, column {column}: the grid is {rows} x {columns}."
        )
    width, height = whole
    return (
        column * width / columns,
        row * height / rows,
        (column + 1) * width / columns,
        (row + 1) * height / rows,
    )


def _crop_box(
    whole: tuple[int, int], row: int, column: int, grid: tuple[int, int], context: float
) -> Box:
    """Return the crop's box in the picture: never beyond its borders, of one size everywhere."""
    if not (math.isfinite(context) and context >= 0):
        raise SettingError(f"the context is {context}; it is 0 or more patches on every side.")
    left, top, right, bottom = _patch(whole, row, column, grid)
    across = _inside(left, right, (1 + 2 * context) * whole[0] / grid[1], whole[0])
    down = _inside(top, bottom, (1 + 2 * context) * whole[1] / grid[0], whole[1])
    return (across[0], down[0], across[1], down[1])


def _inside(low: float, high: float, length: float, limit: float) -> tuple[float, float]:
    length = min(length, limit)
    start = min(max((low + high - length) / 2, 0.0), limit - length)
    return start, min(start + length, limit)


def _pixels(box: Box, size: int | None) -> tuple[int, int]:
    wide, high = box[2] - box[0], box[3] - box[1]
    scale = 1.0 if size is None else size / max(wide, high)
    return max(1, round(wide * scale)), max(1, round(high * scale))
