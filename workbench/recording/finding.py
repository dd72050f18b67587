"""Finding pictures in a recording: by where they lie, or else by what they are."""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from workbench.errors import DataError
from workbench.images.stream import Picture
from workbench.recording.image_list import ImageEntry, survey_image


class Finder:
    """Finds pictures in an image list.

    A file that lies where it lay must have the contents it had; one that is gone from there is
    taken for what it was. Others are looked for by content.
    """

    def __init__(self, store: Path, images: Sequence[ImageEntry]) -> None:
        self.store, self.images = store, images

    def index(self, picture: Picture) -> int:
        """Return a picture's index in the list; raises `DataError` if it is not in it."""
        by_place = None if picture.path is None else self._by_path.get(_resolved(picture.path))
        if by_place is not None and picture.path is not None and not picture.path.exists():
            return by_place
        entry = survey_image(picture)
        if by_place is not None and self.images[by_place].xxh3 == entry.xxh3:
            return by_place
        found = self._by_content.get(entry.xxh3) if entry.xxh3 else None
        if found is not None:
            return found
        if by_place is not None:
            raise DataError(
                f"{picture.path} has other contents than when it was recorded into {self.store}. "
                "Record it again, or put the old file back."
            )
        raise DataError(
            f"{picture.path or picture.name} is not among the {len(self.images):,} images of "
            f"{self.store}, neither by its path nor by its contents. Record it, or load the model."
        )

    @cached_property
    def _by_path(self) -> dict[str, int]:
        paths = ((index, image.path) for index, image in enumerate(self.images))
        return {_resolved(Path(path)): index for index, path in paths if path is not None}

    @cached_property
    def _by_content(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for index, image in enumerate(self.images):
            if image.xxh3:
                found.setdefault(image.xxh3, index)
        return found


def moved(images: Sequence[ImageEntry], folder: Path) -> list[Picture]:
    """Return the pictures as they lie in another folder.

    It stands for the folder that held them all: below it, or else directly in it, names are as
    they were. Raises `DataError` for images that are not there, naming the first.
    """
    paths = [image.path for image in images if image.path is not None]
    held = os.path.commonpath([str(Path(path).parent) for path in paths]) if paths else ""
    found, missing = [], []
    for image in images:
        if image.path is None:
            found.append(Picture(image.name))
            continue
        below = folder / Path(image.path).relative_to(held)
        flat = (folder / image.name, folder / Path(image.path).name)
        same = (place for place in flat if _size(place) == image.bytes)  # of a name, not another
        place = below if below.is_file() else next(same, below)
        if image.xxh3 and not place.is_file():
            missing.append(place)
        found.append(Picture(image.name, place))
    if missing:
        raise DataError(
            f"{len(missing):,} of {len(paths):,} images are not in {folder}; the first is expected "
            f"at {missing[0]}. Give the folder that stands for {held}."
        )
    return found


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _resolved(path: Path) -> str:
    return os.path.realpath(path)
