"""MTD, magnetic tiles: `MT_{Free,Blowhole,Break,Crack,Fray,Uneven}/Imgs/expN_num_X.{jpg,png}`.

The photograph is the `.jpg`, its mask the `.png` beside it. The masks were resampled, so their
edges are grey: a pixel is anomalous above 127, which leaves a few masks empty. No split is
published: four fifths of the normals, drawn by seed, are for training (chosen; the test set is what
remains and every defect).
"""

from fractions import Fraction
from pathlib import Path

from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.listing import entries, folders
from workbench.images.reading import Category, Masks
from workbench.images.samples import TakenFolder

MASK_ABOVE = 127
_SHARE = Fraction(4, 5)
_FREE = "MT_Free"


def _fits(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return (folder / _FREE).is_dir()


def _read(place: Place, names: PlainNames) -> list[Category]:
    category = Category(place.name, place.path, mask_above=MASK_ABOVE)
    for kind in folders(place.path):
        if not kind.name.startswith("MT_"):
            category.left_out.append(f"{kind} (not part of the layout)")
            continue
        folder = _images_of(kind)
        found = category.images(folder)
        masks = _BesideImages(folder, [path for path in found if _is_mask(path)])
        photographs = [path for path in found if not _is_mask(path)]
        if kind.name == _FREE:
            training = category.split_normals(photographs, _SHARE, names.split_seed)
            rest = len(photographs) - training
            role = f"normals ({training} for training, {rest} for testing)"
            category.folders.append(TakenFolder(folder, role, len(photographs)))
            for path in photographs:
                masks.claim("", path)  # they are black
        else:
            category.take_anomalies(
                folder,
                masks,
                defect=kind.name.removeprefix("MT_").lower(),
                expected="{stem}.png",
                paths=photographs,
            )
        category.unclaimed(masks)
    return [category]


def _images_of(kind: Path) -> Path:
    return kind / "Imgs" if (kind / "Imgs").is_dir() else kind


def _is_mask(path: Path) -> bool:
    return path.suffix.lower() == ".png"


def _masks(folder: Path, names: PlainNames) -> list[Path]:  # noqa: ARG001 (as above)
    kinds = [kind for kind in folders(folder) if kind.name.startswith("MT_")]
    return [path for kind in kinds for path in entries(_images_of(kind)) if _is_mask(path)]


class _BesideImages(Masks):
    def __init__(self, folder: Path, files: list[Path]) -> None:
        super().__init__(folder, kinds=())
        for path in files:
            self._note("", path.stem, (path,))


MTD = Layout(
    "mtd",
    "MT_Free/Imgs with MT_Blowhole/Imgs, MT_Break/Imgs, ...",
    _fits,
    _read,
    masks=_masks,
    category=lambda folder: "magnetic_tile",  # noqa: ARG005 (the folder is called otherwise)
)
