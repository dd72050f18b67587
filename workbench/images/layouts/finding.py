"""Which layout is this? Found out from a few folder names, and said when it is not the only one.

Folders whose names are a published layout's are certain. A file that lists a set goes before
folders that could mean anything (`normal/`, a bare folder of pictures), and after those that are
certain: a `meta.json` is often made from them, and goes stale when they change.
"""

from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import DataError, SettingError
from workbench.images.layouts import bmad, meta_json, mtd, mvtec, mvtec_ad_2, plain, table, visa
from workbench.images.layouts.layout import Layout, Place, PlainNames
from workbench.images.listing import contents, folders

ALL: tuple[Layout, ...] = (  # the more particular before what it is a case of
    mvtec_ad_2.MVTEC_AD_2,
    bmad.BMAD,
    mvtec.LOCO,
    mvtec.VISA_1CLS,
    mvtec.MPDD,
    mvtec.MVTEC,
    mvtec.BTAD,
    visa.VISA,
    mtd.MTD,
    meta_json.META_JSON,
    plain.PLAIN,
    table.TABLE,
    plain.NORMALS,
)
LAYOUTS = ("mvtec", *(layout.name for layout in ALL if layout.name != "mvtec"))
EXPECTED = (
    "expected is CATEGORY/train/good with CATEGORY/test (mvtec), normal/ with abnormal/ (plain), "
    "a folder of normal images (normals), a meta.json, a .csv table, the folders of MVTec AD 2, "
    "MVTec LOCO, VisA, BTAD, Brain-AD, MTD or MPDD as published, or a folder of several such "
    "categories"
)
_OF_SUFFIX = ((meta_json.META_JSON, frozenset({".json"})), (table.TABLE, table.SUFFIXES))
LIST_SUFFIXES = frozenset().union(*(suffixes for _, suffixes in _OF_SUFFIX))
_DEEPEST = 3
_WRAPPERS = ("1cls", "visa_pytorch")


@dataclass
class Found:
    """The categories at or below a folder, what is none, and what is to be said about it."""

    places: list[Place]
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_layout(layout: str, *more: str) -> None:
    """Raise `SettingError` for a layout that does not exist; `more` are names beside them."""
    if layout not in ("auto", *LAYOUTS, *more):
        raise SettingError(f"no layout {layout!r}; there are: auto, {', '.join((*LAYOUTS, *more))}")


def find(root: Path, layout: str, names: PlainNames) -> Found:
    """Find every category at or below `root`. Raises `DataError` if there is none."""
    of_file = layout_of_file(root, layout)
    if of_file is not None and root.is_file():
        return Found([Place(root.name, root, of_file)])
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"{root} {what}; {EXPECTED}")
    asked = layout != "auto"
    wanted = [one for one in ALL if layout in ("auto", one.name)]
    found = _within(root, wanted, names, asked=asked, depth=_DEEPEST)
    if found is None:
        if not asked:
            raise DataError(f"no category in {root}: {contents(root)}; {EXPECTED}")
        raise DataError(
            f"no category of the layout {layout} in {root}: {contents(root)}; "
            f"expected is {wanted[0].looks_like}{_fitting(root, names)}"
        )
    return found


def _fitting(root: Path, names: PlainNames) -> str:
    """Say which layouts a folder has that has not the one asked for."""
    found = _within(root, list(ALL), names, asked=False, depth=_DEEPEST)
    if found is None:
        return ""
    return f". It looks like {', '.join(sorted({place.layout.name for place in found.places}))}"


def layout_of_file(path: Path, layout: str) -> Layout | None:
    """Return the layout of a file that lists a set, by its suffix; `None` if it is no such file."""
    for kind, suffixes in _OF_SUFFIX:
        if layout in ("auto", kind.name) and path.suffix.lower() in suffixes:
            return kind
    return None


def _within(
    root: Path, wanted: list[Layout], names: PlainNames, *, asked: bool, depth: int
) -> Found | None:
    here = [one for one in wanted if one.recognises(root, names, asked=asked)]
    certain = [one for one in here if not one.weak]
    if certain:
        return Found([_place(certain[0], root)], notes=_also(root, certain[0], here))
    # With nothing else to go by, any folder of images below would pass for a category, so bare
    # folders of normals are looked for below the root only when that layout is asked for.
    below = [one for one in wanted if one.listed is None and (one is not plain.NORMALS or asked)]
    places, left_out, notes = [], [], []
    for folder in folders(root):
        kinds = [one for one in below if one.recognises(folder, names, asked=asked)]
        if kinds:
            places.append(_place(kinds[0], folder))
            notes += _also(folder, kinds[0], kinds)
        else:
            left_out.append(f"{folder} (no category of the layout)")
    several = Found(places, left_out, notes)
    if any(not place.layout.weak for place in places):
        several.notes += _also(root, places[0].layout, here)
        return several
    if here and (here[0] is not plain.NORMALS or asked or not places):
        found = Found([_place(here[0], root)], notes=_also(root, here[0], here))
        if places:
            found.notes.append(f"{root} holds folders of normals as well, which were not read")
        return found
    if places:
        return several
    return _wrapped(root, wanted, names, asked=asked, depth=depth)


def _wrapped(
    root: Path, wanted: list[Layout], names: PlainNames, *, asked: bool, depth: int
) -> Found | None:
    """Look into a folder that only holds another: archives are often unpacked into one."""
    inside = [path for path in folders(root) if path.name != "__MACOSX"]  # some archives' shadow
    known = [path for path in inside if path.name.lower() in _WRAPPERS]
    if not depth or not (known or len(inside) == 1):
        return None
    # A bare folder deeper down may hold anything, defects too.
    rest = [one for one in wanted if one is not plain.NORMALS]
    folder = (known or inside)[0]
    found = _within(folder, rest, names, asked=asked, depth=depth - 1)
    if found is not None:
        found.notes.append(f"the categories were found in {folder}")
        found.left_out += [f"{path} (not looked into)" for path in inside if path != folder]
    return found


def _place(layout: Layout, folder: Path) -> Place:
    if layout.listed is not None:
        file = layout.listed(folder)
        assert file is not None  # it fits
        return Place(file.name, file, layout)
    return Place(layout.category(folder), folder, layout)


_CASES_OF = {
    "mvtec": {"mvtec_ad_2", "bmad", "mvtec_loco", "visa_1cls", "mpdd"},
    "visa_1cls": {"mvtec_loco"},
    "mvtec_loco": {"bmad"},
}


def _also(folder: Path, taken: Layout, fitting: list[Layout]) -> list[str]:
    """Say which other layouts fit a folder, apart from those that the one taken is a case of."""
    return [
        f"{folder} was read as {taken.name}, and {other.name} would fit as well; "
        f"--layout {other.name} reads it so"
        for other in fitting
        if other is not taken
        and other is not plain.NORMALS
        and taken.name not in _CASES_OF.get(other.name, ())
    ]
