"""`meta.json`, in which code around CLIP and anomalies exchanges its data sets.

`{"train"|"test": {CATEGORY: [{img_path, mask_path, cls_name, specie_name, anomaly}]}}`, paths
relative to the file. `mask_path` may be empty, or a folder whose images are all masks (LOCO). Two
things are beyond the form and added where they are needed: a third split, `validation`, and
`mask_above`, the value a mask's pixel must exceed to be anomalous.
"""

import json
from pathlib import Path
from typing import Any, cast

from workbench.errors import DataError
from workbench.files import write_json
from workbench.images.decode import is_image_name
from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.layouts.listed import Listed, path_for
from workbench.images.listing import entries
from workbench.images.reading import Category
from workbench.images.samples import Dataset, Sample

FILE_NAME = "meta.json"
_SPLITS = ("train", "validation", "test")


def read(place: Place, names: PlainNames) -> list[Category]:  # noqa: ARG001 (one form for all)
    """Read every category that the file lists."""
    file = place.path
    listed = Listed(file)
    for split, categories in _content(file).items():
        if split not in _SPLITS or not isinstance(categories, dict):
            raise DataError(
                f"{file} has the part {split!r}; expected are {', '.join(_SPLITS)}, each with a "
                "list of images for every category."
            )
        for category, rows in categories.items():
            for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
                where = f"{split}/{category}[{number}]"
                if not isinstance(row, dict) or not row.get("img_path"):
                    listed.wrong(where, "has no img_path")
                elif row.get("anomaly") not in (0, 1):
                    listed.wrong(where, f"has anomaly {row.get('anomaly')!r}; it must be 0 or 1")
                else:
                    listed.add(
                        where,
                        category=category,
                        path=str(row["img_path"]),
                        split=cast(Any, split),
                        label=1 if row["anomaly"] else 0,
                        defect=str(row.get("specie_name") or "") if row["anomaly"] else "good",
                        masks=_mask_files(file.parent, str(row.get("mask_path") or "")),
                        mask_above=int(row.get("mask_above", 0)),
                    )
    return listed.categories()


def write_meta(dataset: Dataset, file: str | Path) -> list[Sample]:
    """Write a data set's samples to a `meta.json`; return those it cannot express (no label).

    Paths are relative to the file where the images lie below its folder, or else absolute. Raises
    `DataError` for an image with several masks that are not all there is in one folder.
    """
    file = Path(file)
    content: dict[str, dict[str, list[dict[str, Any]]]] = {"train": {}, "test": {}}
    for sample in dataset:
        if sample.label is not None:
            split = content.setdefault(sample.split, {})
            split.setdefault(sample.category, []).append(_row(sample, file))
    write_json(file, content)
    return [sample for sample in dataset if sample.label is None]


def _row(sample: Sample, file: Path) -> dict[str, Any]:
    masks = sample.mask_paths
    mask = ""
    if len(masks) == 1:
        mask = path_for(masks[0], file)
    elif masks:
        folder = masks[0].parent
        if [path for path in entries(folder) if is_image_name(path)] != sorted(masks):
            raise DataError(
                f"{sample.path} has {len(masks)} masks, and meta.json takes one, or a folder that "
                "holds no others. Write a table instead."
            )
        mask = path_for(folder, file)
    return {
        "img_path": path_for(sample.path, file),
        "mask_path": mask,
        "cls_name": sample.category,
        "specie_name": sample.defect,
        "anomaly": sample.label,
        **({"mask_above": sample.mask_above} if sample.mask_above else {}),
    }


def _mask_files(root: Path, named: str) -> tuple[Path, ...]:
    if not named:
        return ()
    path = root / named
    if path.is_dir():
        return tuple(one for one in entries(path) if is_image_name(one))
    return (path,)


def _content(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except (ValueError, OSError) as error:
        raise DataError(f"{file} cannot be read as JSON ({error}).") from error
    if not isinstance(content, dict) or not set(content) & set(_SPLITS):
        raise DataError(f"{file} is not a meta.json: it has neither a train nor a test part.")
    return content


def _file(folder: Path) -> Path | None:
    return folder / FILE_NAME if (folder / FILE_NAME).is_file() else None


META_JSON = Layout(
    "meta.json",
    "a meta.json, or a folder that holds one",
    lambda folder, names: _file(folder) is not None,  # noqa: ARG005 (one form for all layouts)
    read,
    weak=True,
    listed=_file,
)
