"""A table, the way out for every set that lies otherwise: one row for each image.

Columns `path, split, label, defect, mask_path`, of which only `path` must be there; then
`category`, `name` and `mask_above`. Paths are relative to the file; several masks are separated by
`|`. An empty label means that the truth is withheld. Comma, semicolon or tab separate columns.
"""

import csv
import io
from pathlib import Path
from typing import Any, Literal

from workbench.errors import DataError
from workbench.files import write_text
from workbench.images.layouts.layout import Layout, Place, PlainNames, category_name
from workbench.images.layouts.listed import Listed, path_for
from workbench.images.listing import entries
from workbench.images.reading import Category
from workbench.images.samples import Dataset, Split

COLUMNS = ("path", "split", "label", "defect", "mask_path", "category", "name", "mask_above")
SUFFIXES = frozenset({".csv", ".tsv"})
_SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "": "test",
}
_LABELS: dict[str, Literal[0, 1] | None] = {
    **dict.fromkeys(("0", "0.0", "normal", "good", "ok", "false"), 0),
    **dict.fromkeys(("1", "1.0", "anomalous", "anomaly", "abnormal", "bad", "true"), 1),
    **dict.fromkeys(("", "none", "unknown", "nan"), None),
}


def read(place: Place, names: PlainNames) -> list[Category]:  # noqa: ARG001 (one form for all)
    """Read every category that the table lists."""
    file = place.path
    listed = Listed(file)
    for number, row in enumerate(_rows(file), start=2):
        where = f"line {number}"
        split, label = row["split"].lower(), row["label"].lower()
        above = row["mask_above"] or "0"
        if not row["path"]:
            listed.wrong(where, "has no path")
        elif split not in _SPLITS:
            listed.wrong(where, f"has split {row['split']!r}; it must be train, validation or test")
        elif label not in _LABELS:
            listed.wrong(where, f"has label {row['label']!r}; it must be 0, 1 or empty")
        elif not above.isdecimal():
            listed.wrong(where, f"has mask_above {above!r}; it must be a whole number")
        else:
            listed.add(
                where,
                category=row["category"] or category_name(file.parent),
                path=row["path"],
                split=_SPLITS[split],
                label=_LABELS[label],
                defect=row["defect"],
                masks=tuple(file.parent / mask for mask in row["mask_path"].split("|") if mask),
                name=row["name"],
                mask_above=int(above),
            )
    return listed.categories()


def write_samples(dataset: Dataset, file: str | Path) -> None:
    """Write a data set's samples as a table that `read_dataset` reads back the same.

    Paths are relative to the file where the images lie below its folder, or else absolute. Raises
    `DataError` for a mask with `|` in its name.
    """
    file = Path(file)
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n", delimiter=_delimiter(file))
    table.writerow(COLUMNS)
    for sample in dataset:
        masks = [path_for(path, file) for path in sample.mask_paths]
        if any("|" in mask for mask in masks):
            raise DataError(f"{sample.mask_path} has | in its name, which separates masks. Rename.")
        label = "" if sample.label is None else sample.label
        table.writerow(
            (
                *(path_for(sample.path, file), sample.split, label, sample.defect),
                *("|".join(masks), sample.category, sample.name, sample.mask_above),
            )
        )
    write_text(file, lines.getvalue())


def _delimiter(file: Path) -> str:
    return "\t" if file.suffix.lower() == ".tsv" else ","


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        text = file.read_text("utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"{file} cannot be read ({error}). Save the table as UTF-8.") from error
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    found = [(name or "").strip().lower() for name in table.fieldnames or ()]
    if "path" not in found:
        raise DataError(
            f"{file} has no column path; expected is a table with the columns "
            f"{', '.join(COLUMNS[:5])} [, {', '.join(COLUMNS[5:])}], and its first line is "
            f"{header[:80].strip()!r}"
        )
    table.fieldnames = found
    return [_cleaned(row) for row in table]


def _cleaned(row: dict[str, Any]) -> dict[str, str]:
    return {name: (row.get(name) or "").strip() for name in COLUMNS}


def _file(folder: Path) -> Path | None:
    """Return the one table of a folder whose header is that of samples."""
    found = []
    for path in entries(folder):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            with path.open("rb") as file:
                header = file.readline(1000).decode("utf-8-sig", "replace").lower()
            if {"path", "split", "label"} <= set(
                header.replace(";", ",").replace("\t", ",").strip().split(",")
            ):
                found.append(path)
    return found[0] if len(found) == 1 else None


TABLE = Layout(
    "table",
    f"a .csv or .tsv with the columns {', '.join(COLUMNS[:5])}",
    lambda folder, names: _file(folder) is not None,  # noqa: ARG005 (one form for all layouts)
    read,
    weak=True,
    listed=_file,
)
