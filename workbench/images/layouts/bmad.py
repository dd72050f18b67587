"""Brain-AD, and the other sets of BMAD that lie in the same way, in the variants that go round.

`{train/good, valid/{good,Ungood}/{img,label}, test/{good,Ungood}/{img,label}}`: the folder of
masks is `label` or `anomaly_mask`, `img` may be left out, and one variant has no `train`: then the
normals of `valid` are what a support is drawn from. `valid` is the validation split otherwise.
"""

import re
from pathlib import Path

from workbench.images.layouts.layout import Layout, Place, PlainNames, category_name
from workbench.images.listing import folders
from workbench.images.reading import Category, Masks
from workbench.images.samples import Split

_MASKS = ("label", "anomaly_mask")
_VALID = ("valid", "validation", "val")


def _inside(folder: Path, *names: str) -> Path | None:
    """Return the first folder in `folder` of one of the names, in any case."""
    found = {path.name.lower(): path for path in folders(folder)}
    return next((found[name] for name in names if name in found), None)


def _parts(folder: Path) -> list[tuple[str, Path]]:
    """Return the (role, folder) of the parts that are there."""
    roles = {"train": "train", "test": "test", **dict.fromkeys(_VALID, "valid")}
    found = [(roles.get(path.name.lower()), path) for path in folders(folder)]
    parts = {role: path for role, path in found if role is not None}
    return [(role, parts[role]) for role in ("train", "valid", "test") if role in parts]


def _fits(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return any(_inside(part, "ungood") for role, part in _parts(folder) if role != "train")


def _read(place: Place, names: PlainNames) -> list[Category]:  # noqa: ARG001 (as above)
    category = Category(place.name, place.path)
    parts = dict(_parts(place.path))
    train = parts.get("train")
    has_train = train is not None and _inside(train, "good") is not None
    for role, part in parts.items():
        split: Split = "validation" if role == "valid" else "test"
        for kind in folders(part):
            images, masks = _images_of(kind), _masks_of(kind)
            if kind.name.lower() == "good":
                if role == "train" or (role == "valid" and not has_train):
                    category.take_normals(images, "train", "training normals")
                else:
                    category.take_normals(images, split, f"{split} normals")
            elif kind.name.lower() == "ungood" and role != "train":
                truth = Masks(masks) if masks else None
                category.take_anomalies(
                    images, truth, split=split, defect=kind.name, expected="{stem}.png"
                )
                if truth:
                    category.unclaimed(truth)
            else:
                category.left_out.append(f"{kind} (not part of the layout)")
    if not has_train and "valid" in parts:
        category.notes.append(
            f"{category.name}: there is no train/good, so the normals of {parts['valid'].name} are "
            "the training images"
        )
    category.close(None, [part.name for part in parts.values()])
    return [category]


def _images_of(kind: Path) -> Path:
    return _inside(kind, "img", "imgs", "images") or kind


def _masks_of(kind: Path) -> Path | None:
    return _inside(kind, *_MASKS)


def _masks(folder: Path, names: PlainNames) -> list[Path]:  # noqa: ARG001 (as above)
    kinds = [kind for _, part in _parts(folder) for kind in folders(part)]
    return [masks for kind in kinds if (masks := _masks_of(kind))]


def _called(folder: Path) -> str:
    """Name the object: `Brain_AD` holds brains."""
    return re.sub(r"[_-]ad$", "", category_name(folder).lower())


BMAD = Layout(
    "bmad",
    "Brain_AD/{train/good, valid/{good,Ungood}, test/{good,Ungood}/{img,label}}",
    _fits,
    _read,
    masks=_masks,
    category=_called,
)
