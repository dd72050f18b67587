"""Folder layouts: which folder holds what, found out or forced by name, and always said.

Three layouts are read:

- `mvtec`: `CATEGORY/{train/good, test/good, test/DEFECT, ground_truth/DEFECT}`, masks named
  `STEM_mask` (or `STEM`), paired by name and never by sort order.
- `plain`: `normal/`, `abnormal/` (with or without a folder for each kind of defect) and
  optionally `masks/`; the three names are options. No split is published for such a folder, so
  half of the normals, drawn with seed 0 from the sorted list, are training images.
- `normals`: a bare folder of normal images, all of them training images.

The path given may be one category or a root of several.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import DataError, SettingError
from workbench.images.check import find_problems, refuse, without
from workbench.images.decode import SUFFIXES, is_image_name
from workbench.images.listing import contents, entries, folders, normal_form
from workbench.images.reading import Category, Masks
from workbench.images.samples import Dataset, TakenFolder
from workbench.images.support import seeded

EXPECTED = (
    "expected is CATEGORY/train/good with CATEGORY/test (mvtec), normal/ with abnormal/ "
    "(plain), a folder of normal images (normals), or a folder of several such categories"
)
_ROLES = frozenset({"good", "ok", "normal", "normals", "train", "images", "imgs", "img"})


@dataclass(frozen=True)
class PlainNames:
    """What the folders of the plain layout are called."""

    normal: str = "normal"
    abnormal: str = "abnormal"
    masks: str = "masks"


def read_dataset(
    root: str | Path,
    layout: str = "auto",
    *,
    names: PlainNames | None = None,
    problems: str = "stop",
    decode: bool = True,
) -> Dataset:
    """Read a category folder, or a root of several, into one table of samples.

    `layout` is `auto` or one of `mvtec`, `plain`, `normals`. Every file is opened once (with
    `decode=False`, its header only), and all files that do not open, masks of another size than
    their image, anomalous images without a mask and masks without an image are reported
    together: as one `DataError`, or with `problems="skip"` in `Dataset.skipped`.

    Raises `DataError` if there is no such folder or nothing in it fits a layout, `SettingError`
    for an unknown option.
    """
    root = Path(root)
    names = names or PlainNames()
    if layout != "auto" and layout not in LAYOUTS:
        raise SettingError(f"no layout {layout!r}; there are: auto, {', '.join(LAYOUTS)}")
    if problems not in ("stop", "skip"):
        raise SettingError(f"no way to treat problems {problems!r}; there are: stop, skip")
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"{root} {what}; {EXPECTED}")
    found, left_out = _categories(root, layout, names)
    read = [_LAYOUTS[kind].read(Category(name, folder), names) for name, folder, kind in found]
    samples = [sample for category in read for sample in category.samples]
    if not samples:
        raise DataError(
            f"no images in {', '.join(str(folder) for _, folder, _ in found)}, read as "
            f"{found[0][2]}; readable are {', '.join(sorted(SUFFIXES))}"
        )
    wrong = [problem for category in read for problem in category.problems]
    wrong += find_problems(samples, decode=decode)
    if problems == "stop":
        refuse(wrong)
    return Dataset(
        root=root,
        layout=" and ".join(sorted({kind for _, _, kind in found})),
        samples=without(samples, wrong),
        folders=tuple(folder for category in read for folder in category.folders),
        left_out=(*left_out, *(what for category in read for what in category.left_out)),
        skipped=tuple(wrong),
    )


def category_folders(root: str | Path, layout: str) -> list[Path]:
    """Return the folders of the categories at or below `root`. Raises like `read_dataset`."""
    return [folder for _, folder, _ in _categories(Path(root), layout, PlainNames())[0]]


def mask_folder(folder: str | Path, names: PlainNames | None = None) -> Path | None:
    """Return the folder of masks in a category's folder, if it fits a layout and has one."""
    folder, names = Path(folder), names or PlainNames()
    truth, masks = folder / "ground_truth", folder / names.masks
    if truth.is_dir() and _is_mvtec(folder, names):
        return truth
    return masks if masks.is_dir() and _is_plain(folder, names) else None


def _categories(
    root: Path, layout: str, names: PlainNames
) -> tuple[list[tuple[str, Path, str]], list[str]]:
    """Find (name, folder, layout) of every category at or below `root`, and what is none."""
    wanted = [kind for kind in LAYOUTS if layout in ("auto", kind)]
    own_name = category_name(root)
    # With nothing else to go by, any folder of images below would pass for a category, so bare
    # folders of normals are looked for below the root only when that layout is asked for.
    here = [kind for kind in wanted if kind != "normals" or layout == "normals"]
    for kind in here:
        if _LAYOUTS[kind].fits(root, names):
            return [(own_name, root, kind)], []
    found = []
    left_out = []
    for folder in folders(root):
        kinds = [kind for kind in here if _LAYOUTS[kind].fits(folder, names)]
        if kinds:
            found.append((normal_form(folder.name), folder, kinds[0]))
        else:
            left_out.append(f"{folder} (no category of the layout)")
    if not found and "normals" in wanted and _is_normals(root, names):
        return [(own_name, root, "normals")], []
    if not found:
        asked = "" if layout == "auto" else f" of the layout {layout}"
        raise DataError(f"no category{asked} in {root}: {contents(root)}; {EXPECTED}")
    return found, left_out


def category_name(folder: Path) -> str:
    """Name a category after its folder; of `bolts/train/good`, the object is `bolts`."""
    folder = folder.resolve()
    while folder.name.lower() in _ROLES and folder.parent.name:
        folder = folder.parent
    return normal_form(folder.name)


def _is_mvtec(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return (folder / "train" / "good").is_dir() or (folder / "test" / "good").is_dir()


def _is_plain(folder: Path, names: PlainNames) -> bool:
    return (folder / names.normal).is_dir()


def _is_normals(folder: Path, names: PlainNames) -> bool:  # noqa: ARG001 (one form for all layouts)
    return any(is_image_name(path) for path in entries(folder) if path.is_file())


def _read_mvtec(category: Category, names: PlainNames) -> Category:  # noqa: ARG001 (as above)
    folder = category.folder
    truth = folder / "ground_truth"
    masks = Masks(truth) if truth.is_dir() else None
    for kind in folders(folder / "train"):
        if kind.name == "good":
            category.take_normals(kind, "train", "training normals")
        else:
            category.left_out.append(f"{kind} (training images that are not good)")
    for kind in folders(folder / "test"):
        if kind.name == "good":
            category.take_normals(kind, "test", "test normals")
        else:
            category.take_anomalies(kind, masks)
    category.close(masks, {"train", "test", "ground_truth"})
    return category


def _read_plain(category: Category, names: PlainNames) -> Category:
    folder = category.folder
    normals = category.images(folder / names.normal)
    order = seeded(0, category.name).permutation(len(normals))
    training = set(order[: (len(normals) + 1) // 2].tolist())
    role = f"normals ({len(training)} for training, {len(normals) - len(training)} for testing)"
    category.folders.append(TakenFolder(folder / names.normal, role, len(normals)))
    for index, path in enumerate(normals):
        category.add(path, "train" if index in training else "test")
    abnormal = folder / names.abnormal
    masks = Masks(folder / names.masks) if (folder / names.masks).is_dir() else None
    if any(is_image_name(path) for path in entries(abnormal)):
        category.take_anomalies(abnormal, masks, with_folders=True)
    for kind in folders(abnormal):
        category.take_anomalies(kind, masks)
    used = {Path(name).parts[0] for name in (names.normal, names.abnormal, names.masks)}
    category.close(masks, used)
    return category


def _read_normals(category: Category, names: PlainNames) -> Category:  # noqa: ARG001 (as above)
    category.take_normals(category.folder, "train", "training normals")
    return category


@dataclass(frozen=True)
class _Layout:
    """How one layout is recognised and how it is read."""

    fits: Callable[[Path, PlainNames], bool]
    read: Callable[[Category, PlainNames], Category]


_LAYOUTS = {
    "mvtec": _Layout(_is_mvtec, _read_mvtec),
    "plain": _Layout(_is_plain, _read_plain),
    "normals": _Layout(_is_normals, _read_normals),
}
LAYOUTS = tuple(_LAYOUTS)
