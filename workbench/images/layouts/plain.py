"""A user's own pictures: `normal/` and `abnormal/` under any names, or a bare folder of normals."""

from fractions import Fraction
from pathlib import Path

from workbench.images.decode import is_image_name
from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.listing import entries, folders
from workbench.images.reading import Category, Masks
from workbench.images.samples import TakenFolder

_SHARE = Fraction(1, 2)


def _is_plain(folder: Path, names: PlainNames) -> bool:
    return (folder / names.normal).is_dir()


def _is_normals(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return any(is_image_name(path) for path in entries(folder) if path.is_file())


def _read_plain(place: Place, names: PlainNames) -> list[Category]:
    folder = place.path
    category = Category(place.name, folder)
    normals = category.images(folder / names.normal)
    training = category.split_normals(normals, _SHARE, names.split_seed) if normals else 0
    role = f"normals ({training} for training, {len(normals) - training} for testing)"
    category.folders.append(TakenFolder(folder / names.normal, role, len(normals)))
    abnormal = folder / names.abnormal
    masks = Masks(folder / names.masks) if (folder / names.masks).is_dir() else None
    if any(is_image_name(path) for path in entries(abnormal)):
        category.take_anomalies(abnormal, masks, with_folders=True)
    for kind in folders(abnormal):
        category.take_anomalies(kind, masks)
    used = {Path(name).parts[0] for name in (names.normal, names.abnormal, names.masks)}
    category.close(masks, used)
    return [category]


def _read_normals(place: Place, names: PlainNames) -> list[Category]:  # noqa: ARG001 (as above)
    category = Category(place.name, place.path)
    category.take_normals(place.path, "train", "training normals")
    return [category]


def _masks(folder: Path, names: PlainNames) -> list[Path]:
    return [folder / names.masks]


PLAIN = Layout(
    "plain",
    "normal/ with abnormal/ [and masks/]",
    _is_plain,
    _read_plain,
    masks=_masks,
    weak=True,
)
NORMALS = Layout("normals", "a folder of normal images", _is_normals, _read_normals, weak=True)
