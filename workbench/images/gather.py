"""Every image that is to be recorded, listed without opening one."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from workbench.errors import DataError
from workbench.images.decode import SUFFIXES
from workbench.images.layouts import category_folders, list_dataset, mask_places
from workbench.images.layouts.finding import ALL, check_layout, layout_of_file
from workbench.images.listing import normal_form
from workbench.images.samples import Dataset, Sample
from workbench.images.stream import ImageLike, Picture

_LISTED = {layout.name for layout in ALL if layout.listed is not None}


def gather(
    images: "ImageLike | Dataset | Iterable[ImageLike | Dataset]", layout: str = "auto"
) -> list[Picture]:
    """Return every image of what was given, in a fixed order, none of them opened.

    A folder gives every image file below it, hidden ones left out, and of a category as
    `read_dataset` knows it its images without their masks. A `meta.json` or a table gives the
    images that it lists. Names are paths inside the folder that was given, with `/`. `layout` is
    `auto`; or the name of a layout, so that only the folders of its categories are looked into and
    there must be one; or `files`, so that masks are taken like any image.

    Files that would not open are not noticed here. Raises `DataError` where there is no image,
    saying what there is instead, and `SettingError` for an unknown layout.
    """
    check_layout(layout, "files")
    if isinstance(images, Dataset):
        found = [Picture(_inside(sample.path, images.root), sample.path) for sample in images]
    elif isinstance(images, Picture):
        found = [images]
    elif isinstance(images, Sample):
        found = [Picture(images.name, images.path)]
    elif isinstance(images, Image.Image):
        found = [Picture("image", held=images)]
    elif isinstance(images, str | Path):
        found = _of_path(Path(images), layout)
    else:
        found = _numbered([picture for one in images for picture in gather(one, layout)])
    if not found:
        raise DataError("no images were given: the list is empty.")
    return found


def _of_path(path: Path, layout: str) -> list[Picture]:
    if path.is_file() and layout_of_file(path, layout) is None:
        return [Picture(normal_form(path.name), path)]
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the spelling of the path.")
    if path.is_file() or layout in _LISTED:
        return gather(list_dataset(path, layout)[0])
    roots = [path] if layout in ("auto", "files") else category_folders(path, layout)
    found: list[str] = []
    other: Counter[str] = Counter()
    for root in roots:
        _walk(root, found, other, masks=layout == "files")
    if not found:
        kinds = ", ".join(f"{number} {kind}" for kind, number in other.most_common(8))
        raise DataError(
            f"no images in {path} or below: {f'it holds {kinds}' if kinds else 'it is empty'}; "
            f"readable are {', '.join(sorted(SUFFIXES))}"
        )
    return [Picture(name, Path(file)) for _, name, file in sorted(_named(found, path))]


def _inside(path: Path, root: Path) -> str:
    inside = path.relative_to(root) if path.is_relative_to(root) else path
    return normal_form(inside.as_posix())


def _named(files: list[str], root: Path) -> Iterator[tuple[list[str], str, str]]:
    """Yield (name's parts to sort by, name, file) of files below a folder."""
    start = f"{root}{os.sep}"
    for file in files:
        inside = file[len(start) :] if file.startswith(start) else os.path.relpath(file, root)
        name = normal_form(inside).replace(os.sep, "/")
        yield name.split("/"), name, file


def _walk(root: Path, found: list[str], other: Counter[str], *, masks: bool) -> None:
    """Collect every image file below a folder, and count the other files by their suffix.

    Paths are kept as text: a hundred thousand `Path` objects would take longer than the listing.
    """
    waiting = [str(root)]
    seen: set[tuple[int, int]] = set()  # links may lead back up
    truth: set[str] = set()
    while waiting:
        folder = waiting.pop()
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listed:
                entries = [entry for entry in listed if not entry.name.startswith(".")]
        except PermissionError as error:
            raise DataError(f"{folder} may not be read. Change its permissions.") from error
        inside = {entry.path for entry in entries if entry.is_dir()}
        if inside and not masks:
            inner = [path.relative_to(folder) for path in mask_places(folder)]
            truth.update(f"{folder}{os.sep}{path}" for path in inner)
        waiting += [path for path in inside if path not in truth]
        for entry in entries:
            stem, dot, suffix = entry.name.rpartition(".")
            if entry.path in inside or entry.path in truth:
                continue
            if f".{suffix.lower()}" in SUFFIXES and (entry.is_file() or entry.is_symlink()):
                found.append(entry.path)
            else:
                other[f".{suffix.lower()}" if stem and dot else entry.name] += 1


def _numbered(pictures: list[Picture]) -> list[Picture]:
    """Give pictures in memory names of their own where there are several."""
    if sum(picture.held is not None for picture in pictures) < 2:
        return pictures
    return [
        Picture(f"image {index}", held=picture.held) if picture.held is not None else picture
        for index, picture in enumerate(pictures)
    ]
