"""MVTec AD and the sets that lie in the same way: LOCO, MPDD, VisA's 1cls form, BTAD.

`CATEGORY/{train/good, test/good, test/DEFECT, ground_truth/DEFECT}`; masks are paired by name,
never by sort order. What differs: LOCO has `validation/good` and a folder of masks for each image
(their grey values name the defect); VisA's masks have their image's stem; BTAD calls its normals
`ok`, and its images and masks have different suffixes.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.listing import folders
from workbench.images.reading import Category, Masks

_MPDD = frozenset(
    {"bracket_black", "bracket_brown", "bracket_white", "connector", "metal_plate", "tubes"}
)
VISA_CATEGORIES = frozenset(
    {"candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2"}
    | {"pcb1", "pcb2", "pcb3", "pcb4", "pipe_fryum"}
)
_LOCO_KINDS = ("logical_anomalies", "structural_anomalies")


def fits(folder: Path, names: PlainNames, normal: str = "good") -> bool:  # noqa: ARG001
    """Say whether a folder has training or test images of that name for normal."""
    return (folder / "train" / normal).is_dir() or (folder / "test" / normal).is_dir()


def read(
    place: Place,
    names: PlainNames,  # noqa: ARG001 (one form for all layouts)
    normal: str = "good",
    expected: str = "",
) -> list[Category]:
    """Read a category whose normals are called `normal`."""
    folder = place.path
    category = Category(place.name, folder)
    truth = folder / "ground_truth"
    masks = Masks(truth) if truth.is_dir() else None
    for part, role in (("train", "training normals"), ("validation", "validation normals")):
        for kind in folders(folder / part):
            if kind.name == normal:
                category.take_normals(kind, "train" if part == "train" else "validation", role)
            else:
                category.left_out.append(f"{kind} ({role.split()[0]} images that are not {normal})")
    for kind in folders(folder / "test"):
        if kind.name == normal:
            category.take_normals(kind, "test", "test normals")
        else:
            category.take_anomalies(kind, masks, expected=expected)
    category.close(masks, {"train", "validation", "test", "ground_truth"})
    return [category]


def masks_of(folder: Path, names: PlainNames) -> list[Path]:  # noqa: ARG001 (as above)
    """Return the folder of masks."""
    return [folder / "ground_truth"]


def _is_loco(folder: Path, names: PlainNames) -> bool:
    return fits(folder, names) and (
        any((folder / "test" / kind).is_dir() for kind in _LOCO_KINDS)
        or any(folders(kind) for kind in folders(folder / "ground_truth"))
    )


def _is_visa(folder: Path) -> bool:
    above = folder.resolve().parent.name.lower()
    return (folder / "test" / "bad").is_dir() and (
        above in {"1cls", "visa_pytorch"} or folder.name.lower() in VISA_CATEGORIES
    )


def _alike(
    name: str,
    looks_like: str,
    *,
    known: Callable[[Path], bool] | None = None,
    expected: str = "",
) -> Layout:
    return Layout(name, looks_like, fits, partial(read, expected=expected), known, masks_of)


MVTEC = _alike("mvtec", "CATEGORY/train/good with CATEGORY/test")
MPDD = _alike(
    "mpdd", "as mvtec, with MPDD's names", known=lambda folder: folder.name.lower() in _MPDD
)
VISA_1CLS = _alike(
    "visa_1cls",
    "[VisA_pytorch/][1cls/]CATEGORY/{train/good, test/{good,bad}}",
    known=_is_visa,
    expected="bad/{stem}.png",
)
LOCO = Layout(
    "mvtec_loco",
    "as mvtec, with test/logical_anomalies or test/structural_anomalies",
    _is_loco,
    read,
    masks=masks_of,
)
BTAD = Layout(
    "btad",
    "NN/{train/ok, test/{ok,ko}}",
    partial(fits, normal="ok"),
    partial(read, normal="ok", expected="ko/{stem}.png"),
    masks=masks_of,
)
