"""Folder layouts: which folder holds what, found out or forced by name, and always said.

Each module is one layout or a family of them, ending in `Layout` objects that `finding.ALL` lists.
The path given may be one category, a root of several, or a file that lists the images.
"""

from pathlib import Path

from workbench.errors import DataError, SettingError
from workbench.images.check import look_at, refuse, without
from workbench.images.decode import SUFFIXES
from workbench.images.duplicates import duplicate_notes
from workbench.images.layouts.finding import LAYOUTS, LIST_SUFFIXES, check_layout, find
from workbench.images.layouts.layout import PlainNames, category_name
from workbench.images.layouts.meta_json import write_meta
from workbench.images.layouts.table import write_samples
from workbench.images.samples import Dataset, Problem

__all__ = [
    "LAYOUTS",
    "LIST_SUFFIXES",
    "PlainNames",
    "category_folders",
    "category_name",
    "list_dataset",
    "mask_places",
    "read_dataset",
    "write_meta",
    "write_samples",
]


def read_dataset(
    root: str | Path,
    layout: str = "auto",
    *,
    names: PlainNames | None = None,
    problems: str = "stop",
    decode: bool = True,
) -> Dataset:
    """Read a category folder, a root of several, or a file that lists images, into one table.

    `layout` is `auto` or one of `LAYOUTS`. Every file is opened once (with `decode=False`, its
    header only), and all files that do not open, masks of another size than their image, anomalous
    images without a mask, masks without an image and rows that make no sense are reported
    together: as one `DataError`, or with `problems="skip"` in `Dataset.skipped`.

    Raises `DataError` if there is no such folder or nothing in it fits a layout, `SettingError`
    for an unknown option.
    """
    if problems not in ("stop", "skip"):
        raise SettingError(f"no way to treat problems {problems!r}; there are: stop, skip")
    dataset, wrong = list_dataset(root, layout, names=names)
    looked = look_at(dataset.samples, decode=decode)
    wrong += [problem for one in looked for problem in one.problems]
    if problems == "stop":
        refuse(wrong)
    notes = [note for one in looked for note in one.notes]
    return dataset.but(
        samples=without(dataset.samples, wrong),
        skipped=tuple(wrong),
        notes=(*dataset.notes, *notes, *duplicate_notes(looked)),
    )


def list_dataset(
    root: str | Path, layout: str = "auto", *, names: PlainNames | None = None
) -> tuple[Dataset, list[Problem]]:
    """Return a data set as its folders' and files' names tell it, no image opened; and problems.

    Raises like `read_dataset`.
    """
    root = Path(root)
    names = names or PlainNames()
    check_layout(layout)
    found = find(root, layout, names)
    read = [
        (place, category) for place in found.places for category in place.layout.read(place, names)
    ]
    samples = tuple(sample for _, category in read for sample in category.samples)
    wrong = [problem for _, category in read for problem in category.problems]
    if not samples:
        refuse(wrong)
        raise DataError(
            f"no images in {', '.join(str(place.path) for place in found.places)}, read as "
            f"{found.places[0].layout.name}; readable are {', '.join(sorted(SUFFIXES))}"
        )
    dataset = Dataset(
        root=root.parent if root.is_file() else root,
        layout=" and ".join(sorted({place.layout.name for place in found.places})),
        samples=samples,
        folders=tuple(folder for _, category in read for folder in category.folders),
        left_out=(*found.left_out, *(what for _, category in read for what in category.left_out)),
        notes=(*found.notes, *(note for _, category in read for note in category.notes)),
    )
    return dataset, wrong


def category_folders(root: str | Path, layout: str) -> list[Path]:
    """Return the folders of the categories at or below `root`. Raises like `read_dataset`."""
    return [place.path for place in find(Path(root), layout, PlainNames()).places]


def mask_places(folder: str | Path, names: PlainNames | None = None) -> list[Path]:
    """Return the folders or files of masks in a folder, if it is a category of a layout.

    Opens nothing; of a folder that is no category, nothing is a mask.
    """
    from workbench.images.layouts.finding import ALL

    folder, names = Path(folder), names or PlainNames()
    for layout in ALL:
        if layout.listed is None and layout.recognises(folder, names, asked=False):
            return [path for path in layout.masks(folder, names) if path.exists()]
    return []
