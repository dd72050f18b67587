"""MVTec AD 2: a public test with truth, and two private ones whose labels are withheld.

`CATEGORY/{train/good, validation/good, test_public/{good, bad, ground_truth/bad}, test_private,
test_private_mixed}`. Private images can be scored, and not evaluated.
"""

from pathlib import Path

from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.listing import folders
from workbench.images.reading import Category, Masks

_PRIVATE = ("test_private", "test_private_mixed")


def _fits(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return any((folder / part).is_dir() for part in ("test_public", *_PRIVATE))


def _read(place: Place, names: PlainNames) -> list[Category]:  # noqa: ARG001 (as above)
    folder = place.path
    category = Category(place.name, folder)
    public = folder / "test_public"
    truth = public / "ground_truth"
    masks = Masks(truth) if truth.is_dir() else None
    for part in folders(folder):
        if part.name in _PRIVATE:
            category.take_unlabelled(part, "test images whose truth is withheld")
        elif part.name not in {"train", "validation", "test_public"}:
            category.left_out.append(f"{part} (not part of the layout)")
    for kind in folders(folder / "train"):
        if kind.name == "good":
            category.take_normals(kind, "train", "training normals")
        else:
            category.left_out.append(f"{kind} (training images that are not good)")
    for kind in folders(folder / "validation"):
        if kind.name == "good":
            category.take_normals(kind, "validation", "validation normals")
        else:
            category.left_out.append(f"{kind} (validation images that are not good)")
    for kind in folders(public):
        if kind.name == "good":
            category.take_normals(kind, "test", "test normals")
        elif kind != truth:
            category.take_anomalies(kind, masks)
    category.close(masks, [part.name for part in folders(folder)])
    return [category]


def _masks(folder: Path, names: PlainNames) -> list[Path]:  # noqa: ARG001 (as above)
    return [folder / "test_public" / "ground_truth"]


MVTEC_AD_2 = Layout(
    "mvtec_ad_2",
    "CATEGORY/{train/good, test_public/{good,bad,ground_truth/bad}}",
    _fits,
    _read,
    masks=_masks,
)
