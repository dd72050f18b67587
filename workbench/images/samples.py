"""What a data set is once read: one table of samples, and what was wrong with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Sample:
    """One image: where it lies, which part of the set it belongs to, and what is true of it.

    `label` is 0 for normal, 1 for anomalous and `None` where the truth is withheld: such an image
    can be scored, and not evaluated. `defect` is the kind of anomaly ("good" where there is none,
    "unknown" where it is withheld). `mask_paths` are the files of its ground truth; a pixel is
    anomalous if it is above `mask_above` in any of them (see `workbench.images.truth`). `name` is
    its path inside the category's folder, which is how runs and tables refer to it on any machine.

    >>> Sample(Path("bolts/test/bent/000.png"), "test", 1, "bent", category="bolts").name
    '000.png'
    """

    path: Path
    split: Split
    label: Literal[0, 1] | None
    defect: str
    mask_paths: tuple[Path, ...] = ()
    category: str = "object"
    name: str = ""
    mask_above: int = 0

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.path.name)

    @property
    def mask_path(self) -> Path | None:
        """The first file of the ground truth; `None` where there is none."""
        return self.mask_paths[0] if self.mask_paths else None


@dataclass(frozen=True)
class Problem:
    """Something in a data set that cannot be used: which file, and a sentence that names it."""

    path: Path
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class TakenFolder:
    """A folder that was read, what it was taken as, and how many images it gave."""

    path: Path
    role: str
    images: int


@dataclass(frozen=True)
class Dataset:
    """A data set as read from disk.

    `folders` says which folder was taken as what, `left_out` which folders and files were not
    taken at all, `skipped` which problems were passed over at the user's wish, and `notes` what
    else should be known: how a split was drawn, another layout that would fit, masks that are
    empty, images that are there twice.
    """

    root: Path
    layout: str
    samples: tuple[Sample, ...]
    folders: tuple[TakenFolder, ...] = ()
    left_out: tuple[str, ...] = ()
    skipped: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """The names of the categories, sorted."""
        return tuple(sorted({sample.category for sample in self.samples}))

    def __getitem__(self, category: str) -> tuple[Sample, ...]:
        """Return the samples of one category; raises `DataError` naming those there are."""
        found = tuple(sample for sample in self.samples if sample.category == category)
        if not found:
            raise DataError(
                f"no category {category!r} in {self.root}; there are: {', '.join(self.categories)}"
            )
        return found

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    def train_normals(self, category: str) -> tuple[Sample, ...]:
        """Return the training normals of a category: what a support set is drawn from."""
        return train_normals(self[category])

    def test(self, category: str) -> tuple[Sample, ...]:
        """Return the test images of a category: normal, anomalous, and those without a label."""
        return tuple(sample for sample in self[category] if sample.split == "test")

    def but(self, **changes: Any) -> "Dataset":
        """Return the data set with some of its fields changed."""
        return replace(self, **changes)

    def describe(self) -> str:
        """Say what was read, line by line: layout, categories, folders, counts, what was left."""
        masks = sum(len(sample.mask_paths) for sample in self.samples)
        lines = [
            f"{self.root}: layout {self.layout}, {_count(len(self.categories), 'category')}, "
            f"{_count(len(self), 'image')}, {_count(masks, 'mask')}"
        ]
        lines += [
            f"  {_inside(f.path, self.root)}: {f.images} taken as {f.role}" for f in self.folders
        ]
        lines += [f"  left out: {what}" for what in self.left_out]
        lines += [f"  skipped: {problem}" for problem in self.skipped]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def table(self) -> "pd.DataFrame":
        """Return the samples as a table with one row each."""
        import pandas as pd

        columns = ["category", "name", "split", "label", "defect", "path", "mask_path"]
        rows: list[list[Any]] = [[getattr(s, column) for column in columns] for s in self.samples]
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        return (
            f"Dataset({str(self.root)!r}, layout {self.layout}, {', '.join(self.categories)}: "
            f"{len(self)} images)"
        )


def train_normals(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return those samples that are training normals, in the given order."""
    return tuple(sample for sample in samples if sample.split == "train" and sample.label == 0)


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _inside(path: Path, root: Path) -> str:
    inside = (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
    if inside == ".":
        return "the folder itself"
    return inside if path.is_file() else f"{inside}/"
