"""The images of a recording: what each of them was, so that a changed one is noticed."""

import csv
import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import xxhash

from workbench.errors import DataError
from workbench.images.decode import image_size
from workbench.images.progress import progress
from workbench.images.stream import Picture
from workbench.recording.tensor_files import hash_file

_THREADS = 8  # hashing and waiting for the disk release the interpreter's lock
_COLUMNS = ("index", "name", "path", "bytes", "xxh3", "height", "width")


@dataclass(frozen=True)
class ImageEntry:
    """An image of a recording, and what its content was.

    `xxh3` is the XXH3-64 of the file (or of the pixels of a picture in memory, whose `path` is
    None), in hex; it is empty if the file could not be read. Height and width are upright, in
    pixels; 0 if the header does not open.
    """

    name: str
    path: str | None
    bytes: int
    xxh3: str
    height: int
    width: int

    @property
    def picture(self) -> Picture:
        """The image as something that opens; one that was only in memory does not."""
        return Picture(self.name, Path(self.path) if self.path else None)


def survey_images(pictures: Sequence[Picture]) -> list[ImageEntry]:
    """Return size and checksum of every picture, in order; nothing is decoded.

    A file that is missing or cannot be read is no error here: its checksum is empty.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        entries = progress(
            pool.map(survey_image, pictures), total=len(pictures), what="looking at the images"
        )
        return list(entries)


def survey_image(picture: Picture) -> ImageEntry:
    """Return size and checksum of one picture (see `survey_images`)."""
    if picture.path is None:
        return _survey_held(picture)
    path = picture.path.absolute()
    try:
        content, number = hash_file(path), path.stat().st_size
    except OSError:
        return ImageEntry(picture.name, str(path), 0, "", 0, 0)
    try:
        height, width = image_size(path)
    except DataError:
        height = width = 0
    return ImageEntry(picture.name, str(path), number, content, height, width)


def _survey_held(picture: Picture) -> ImageEntry:
    try:
        pixels = picture.open()
    except DataError:
        return ImageEntry(picture.name, None, 0, "", 0, 0)
    raw = pixels.tobytes()
    content = xxhash.xxh3_64_hexdigest(f"{pixels.width}x{pixels.height}:".encode() + raw)
    return ImageEntry(picture.name, None, len(raw), content, pixels.height, pixels.width)


def images_to_csv(images: Iterable[ImageEntry]) -> str:
    """Return the image list as CSV; an image without a file has an empty path."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(_COLUMNS)
    for index, one in enumerate(images):
        table.writerow(
            (index, one.name, one.path or "", one.bytes, one.xxh3, one.height, one.width)
        )
    return text.getvalue()


def images_from_csv(text: str) -> list[ImageEntry]:
    """Return the image list that `images_to_csv` wrote."""
    rows = csv.reader(io.StringIO(text, newline=""))
    next(rows)
    return [
        ImageEntry(name, path or None, int(number), content, int(height), int(width))
        for _, name, path, number, content, height, width in rows
    ]
