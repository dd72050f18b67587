"""Image files as 8-bit RGB pictures, mask files as booleans; what cannot be read is named.

What a file's pixels mean is decided here, once:

- 16-bit files keep their high byte (white stays white; nothing is stretched per image, or a
  picture's score would depend on its own brightest pixel).
- Transparent pixels are laid over white. Below a transparent pixel a file holds arbitrary
  colours; two files that look alike should be scored alike.
- Grey, palette, CMYK and YCbCr become RGB, and an EXIF rotation is applied.
- Floating-point and 32-bit integer files have no agreed white and are refused.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from workbench.errors import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"})

_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
_SIXTEEN_BIT = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_OPAQUE = frozenset({"1", "L", "RGB", "CMYK", "YCbCr", "HSV"})


def is_image_name(path: Path) -> bool:
    """Say whether a file name is one of a readable picture; hidden files never are.

    >>> is_image_name(Path("Schräg 01.JPG")), is_image_name(Path("._001.png"))
    (True, False)
    """
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def open_image(path: str | Path) -> Image.Image:
    """Return the picture at `path` as 8-bit RGB, upright.

    Raises `DataError`, naming the file and the remedy, if it is missing, truncated, not an
    image, or of a pixel format without an agreed white.
    """
    path = Path(path)
    with _reading(path), Image.open(path) as file:
        return to_rgb(ImageOps.exif_transpose(file), str(path))


def open_bytes(content: bytes, name: str) -> Image.Image:
    """Return the picture whose file holds `content`, as `open_image` would; `name` is for messages.

    Raises `DataError` like `open_image`.
    """
    with _reading(name), Image.open(io.BytesIO(content)) as file:
        return to_rgb(ImageOps.exif_transpose(file), name)


def squash(image: Image.Image, size: tuple[int, int]) -> UInt8[np.ndarray, "height width 3"]:
    """Return an RGB picture at (height, width), antialiased bicubic; nothing is cropped.

    >>> squash(Image.new("RGB", (40, 30), (7, 8, 9)), (2, 3))[1, 2]
    array([7, 8, 9], dtype=uint8)
    """
    height, width = size
    return np.array(image.resize((width, height), Image.Resampling.BICUBIC))


def to_rgb(image: Image.Image, name: str = "the image") -> Image.Image:
    """Return a picture of any pixel format as 8-bit RGB (see the module's rules).

    >>> to_rgb(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).getpixel((0, 0))
    (255, 255, 255)

    Raises `DataError`, naming `name`, for floating-point and 32-bit integer pictures.
    """
    if image.mode in _SIXTEEN_BIT:
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.mode in {"I", "F"}:
        raise DataError(
            f"{name} holds {'32-bit integers' if image.mode == 'I' else 'floating-point pixels'}, "
            "for which no value is agreed to be white. Save it with 8 or 16 bits a channel."
        )
    if image.mode in _OPAQUE and "transparency" not in image.info:
        return image.convert("RGB")
    coloured = image.convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("RGB")


def open_mask(path: str | Path, *, above: int = 0) -> Bool[np.ndarray, "height width"]:
    """Return where a ground-truth mask is above `above`, at the mask's own size.

    Above zero, a mask of ones, one of 255s and a 16-bit one mean the same; a coloured mask counts
    where any colour is above it, and transparency is ignored. Another `above` is for masks that
    were resampled, so that their edges are grey; a one-bit mask holds 0 and 255.

    Raises `DataError` like `open_image`.
    """
    path = Path(path)
    with _reading(path), Image.open(path) as file:
        upright = ImageOps.exif_transpose(file)
        if upright.mode in {"P", "PA", "RGBA", "LA", "CMYK", "YCbCr", "La", "RGBa"}:
            upright = upright.convert("RGBA").convert("RGB")
        values = np.asarray(upright.convert("L") if upright.mode == "1" else upright)
    colours = values.reshape(*values.shape[:2], -1)
    return np.asarray((colours > above).any(axis=2))


def image_size(path: str | Path) -> tuple[int, int]:
    """Return (height, width) of an image as `open_image` would show it, reading its header only.

    Raises `DataError` if the header cannot be read.
    """
    path = Path(path)
    with _reading(path), Image.open(path) as file:
        width, height = file.size
        # A PNG's own getexif decodes the whole picture, lest the tag stand behind it.
        turned = Image.Image.getexif(file).get(0x0112, 1) in {5, 6, 7, 8}
    return (width, height) if turned else (height, width)


def read_bytes(path: str | Path) -> bytes:
    """Return what a file holds. Raises `DataError` like `open_image` where it cannot be read."""
    path = Path(path)
    with _reading(path):
        return path.read_bytes()


@contextmanager
def _reading(path: str | Path) -> Iterator[None]:
    """Turn what Pillow raises for missing, foreign and damaged files into one clear error."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist. Check the spelling of the path.") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder; an image file is needed here.") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read. Change its permissions.") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path} is not an image in a format Pillow reads. Replace it or remove it."
        ) from error
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{path} is larger than Pillow opens without being asked ({error}). Crop it or raise "
            "PIL.Image.MAX_IMAGE_PIXELS."
        ) from error
    except _DAMAGED as error:
        raise DataError(
            f"{path} is damaged or cut short ({error}). Replace it or remove it."
        ) from error
