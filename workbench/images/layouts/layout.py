"""What a layout is: how a folder is recognised as one of its categories, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.images.listing import normal_form
from workbench.images.reading import Category

_ROLES = frozenset({"good", "ok", "normal", "normals", "train", "images", "imgs", "img"})


@dataclass(frozen=True)
class PlainNames:
    """What the folders of the plain layout are called, and the seed of splits nobody published."""

    normal: str = "normal"
    abnormal: str = "abnormal"
    masks: str = "masks"
    split_seed: int = 0


@dataclass(frozen=True)
class Place:
    """A category that was found: its name, and its folder (or the file that lists the set)."""

    name: str
    path: Path
    layout: "Layout"


def category_name(folder: Path) -> str:
    """Name a category after its folder; of `bolts/train/good`, the object is `bolts`."""
    folder = folder.resolve()
    while folder.name.lower() in _ROLES and folder.parent.name:
        folder = folder.parent
    return normal_form(folder.name)


def _no_masks(folder: Path, names: PlainNames) -> list[Path]:  # noqa: ARG001
    return []


@dataclass(frozen=True)
class Layout:
    """One way in which data sets lie on disk.

    Attributes:
        name: what `--layout` calls it.
        looks_like: what a category (or the file) looks like, for messages.
        fits: says from a few names, opening nothing, whether a folder is a category of it.
        read: reads a place that fits. Raises `DataError` where nothing can be read at all.
        known: where other layouts look the same, says whether a folder that fits is nonetheless
            certain to be this one; without being asked for, the layout is taken only then.
        masks: the folders of a category that hold masks, or the masks where they lie among images.
        category: how a category is called.
        weak: whether a fit is less than certain, so that any other layout goes first.
        listed: for a set that a file lists: returns that file in a folder.
    """

    name: str
    looks_like: str
    fits: Callable[[Path, PlainNames], bool]
    read: Callable[[Place, PlainNames], list[Category]]
    known: Callable[[Path], bool] | None = None
    masks: Callable[[Path, PlainNames], list[Path]] = _no_masks
    category: Callable[[Path], str] = category_name
    weak: bool = False
    listed: Callable[[Path], Path | None] | None = None

    def recognises(self, folder: Path, names: PlainNames, *, asked: bool) -> bool:
        """Say whether a folder is a category; `asked` if the user has named this layout."""
        return self.fits(folder, names) and (asked or self.known is None or self.known(folder))
