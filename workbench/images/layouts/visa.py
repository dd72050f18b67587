"""VisA as it is published: `CATEGORY/Data/{Images/{Normal,Anomaly}, Masks/Anomaly}`.

Which image is for what stands in `split_csv/1cls.csv` beside the categories (columns `object,
split,label,image,mask`). Mask pixels are small integers, so the files look black.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import DataError
from workbench.images.decode import is_image_name
from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.listing import entries, normal_form
from workbench.images.reading import Category
from workbench.images.samples import Problem, TakenFolder

_COLUMNS = ("object", "split", "label", "image", "mask")
_SPLIT_FILE = Path("split_csv") / "1cls.csv"


def _fits(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return (folder / "Data" / "Images" / "Normal").is_dir()


def _read(place: Place, names: PlainNames) -> list[Category]:  # noqa: ARG001 (as above)
    folder = place.path.resolve() if place.path.name in {"", ".", ".."} else place.path
    category = Category(place.name, folder)
    file = folder.parent / _SPLIT_FILE
    images = _Files(folder / "Data" / "Images")
    masks = _Files(folder / "Data" / "Masks")
    for row in _rows(file, folder):
        if normal_form(row["object"]) != normal_form(folder.name):
            continue
        path = images.take(folder.parent, row["image"])
        if row["split"] not in {"train", "test"} or row["label"] not in {"normal", "anomaly"}:
            what = f"{file} says split {row['split']!r}, label {row['label']!r} of {path}"
            category.problems.append(Problem(path, what))
        elif row["label"] == "normal":
            category.add(path, "train" if row["split"] == "train" else "test")
        else:
            mask = (masks.take(folder.parent, row["mask"]),) if row["mask"] else ()
            if not mask:
                what = f"{path} is anomalous, and {file} names no mask of it"
                category.problems.append(Problem(path, what))
            category.add(path, "train" if row["split"] == "train" else "test", 1, "anomaly", mask)
    for split, label, role in (
        ("train", 0, "training normals"),
        ("train", 1, "training anomalies"),
        ("test", 0, "test normals"),
        ("test", 1, "test anomalies (anomaly)"),
    ):
        number = sum((s.split, s.label) == (split, label) for s in category.samples)
        if number:
            where = folder / "Data" / "Images" / ("Anomaly" if label else "Normal")
            category.folders.append(TakenFolder(where, f"{role} by 1cls.csv", number))
    category.problems += [
        Problem(path, f"{path} is a mask without an anomalous image of its name")
        for path in masks.left()
    ]
    spare = images.left()
    if spare:
        category.left_out.append(f"{len(spare)} images that {file} does not name ({spare[0]}, ...)")
    return [category]


class _Files:
    """The files of a folder of folders: taken when the table names them, in any case of suffix."""

    def __init__(self, folder: Path) -> None:
        self._left = {
            (kind.name, normal_form(path.stem)): path
            for kind in entries(folder)
            for path in entries(kind)
            if is_image_name(path)
        }

    def take(self, root: Path, named: str) -> Path:
        """Return the file that the table calls `named`, or where it should be."""
        stated = root / named
        return self._left.pop((stated.parent.name, normal_form(stated.stem)), stated)

    def left(self) -> list[Path]:
        """Return what was not taken."""
        return list(self._left.values())


def _rows(file: Path, folder: Path) -> Iterator[dict[str, Any]]:
    if not file.is_file():
        raise DataError(
            f"{file} is missing: it says which images of {folder} are for training. Put VisA's "
            "split_csv beside its categories, or read the folders as plain: --layout plain "
            "--normal Data/Images/Normal --abnormal Data/Images/Anomaly "
            "--masks Data/Masks/Anomaly"
        )
    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        missing = set(_COLUMNS) - set(table.fieldnames or ())
        if missing:
            raise DataError(
                f"{file} has no column {', '.join(sorted(missing))}; expected are "
                f"{', '.join(_COLUMNS)}, as VisA publishes it."
            )
        for row in table:
            yield {name: (row[name] or "").strip() for name in _COLUMNS}


def _masks(folder: Path, names: PlainNames) -> list[Path]:  # noqa: ARG001 (as above)
    return [folder / "Data" / "Masks"]


VISA = Layout(
    "visa",
    "CATEGORY/Data/Images/Normal with split_csv/1cls.csv beside",
    _fits,
    _read,
    masks=_masks,
)
