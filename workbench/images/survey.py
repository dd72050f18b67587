"""What a data set holds, whether all of it can be used, and what makes figures on it wrong."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.images.check import Looked, look_at, without
from workbench.images.duplicates import Duplicates, duplicate_notes, duplicates
from workbench.images.layouts import PlainNames, list_dataset
from workbench.images.samples import Dataset, Problem, Sample

_MOST_SIZES = 3


@dataclass(frozen=True)
class Survey:
    """A data set that was looked at in full.

    `dataset` holds the samples that can be used, `problems` says what is wrong with the others,
    `looked` is what was seen of every file, and `twice` the images that are there twice.
    """

    dataset: Dataset
    problems: tuple[Problem, ...]
    looked: tuple[Looked, ...]
    twice: tuple[Duplicates, ...]

    def categories(self) -> list[dict[str, Any]]:
        """Return a row per category: images of each part, masks, sizes as width x height."""
        return [self._row(name) for name in self.dataset.categories]

    def defects(self) -> list[dict[str, Any]]:
        """Return a row per category, split and kind of defect: images, and those with masks."""
        counted: dict[tuple[str, str, str], list[Sample]] = {}
        for sample in self.dataset:
            key = (sample.category, sample.split, sample.defect)
            counted.setdefault(key, []).append(sample)
        return [
            {
                "category": category,
                "split": split,
                "defect": defect,
                "images": len(samples),
                "with masks": sum(bool(sample.mask_paths) for sample in samples),
            }
            for (category, split, defect), samples in counted.items()
        ]

    def _row(self, category: str) -> dict[str, Any]:
        samples = self.dataset[category]
        tests = [sample for sample in samples if sample.split == "test"]
        return {
            "category": category,
            "training normals": len(self.dataset.train_normals(category)),
            "validation": sum(sample.split == "validation" for sample in samples),
            "test normals": sum(sample.label == 0 for sample in tests),
            "test anomalies": sum(sample.label == 1 for sample in tests),
            "without a label": sum(sample.label is None for sample in tests),
            "mask files": sum(len(sample.mask_paths) for sample in samples),
            "sizes": _sizes([one for one in self.looked if one.sample.category == category]),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "root": str(self.dataset.root),
            "layout": self.dataset.layout,
            "images": len(self.dataset),
            "categories": self.categories(),
            "defects": self.defects(),
            "folders": [
                {"path": str(folder.path), "taken_as": folder.role, "images": folder.images}
                for folder in self.dataset.folders
            ],
            "left_out": list(self.dataset.left_out),
            "notes": list(self.dataset.notes),
            "problems": [{"path": str(one.path), "what": one.what} for one in self.problems],
            "duplicates": [
                {
                    "images": [str(sample.path) for sample in one.samples],
                    "between_training_and_test": one.leak,
                    "normal_and_anomalous": one.contradiction,
                }
                for one in self.twice
            ],
        }


def survey(
    root: str | Path,
    layout: str = "auto",
    *,
    names: PlainNames | None = None,
    decode: bool = True,
) -> Survey:
    """Look at every file of a data set once.

    What cannot be used is no error here. Raises `DataError` only if there is no data set at all,
    `SettingError` for an unknown layout. With `decode=False` headers alone are read, and neither
    files that were cut short nor empty masks nor duplicates are noticed.
    """
    dataset, wrong = list_dataset(root, layout, names=names)
    looked = look_at(dataset.samples, decode=decode)
    wrong += [problem for one in looked for problem in one.problems]
    notes = [note for one in looked for note in one.notes]
    return Survey(
        dataset.but(
            samples=without(dataset.samples, wrong),
            notes=(*dataset.notes, *notes, *duplicate_notes(looked)),
        ),
        tuple(wrong),
        tuple(looked),
        tuple(duplicates(looked)),
    )


def _sizes(looked: Sequence[Looked]) -> str:
    """Say the images' sizes: each where there are few, or else the range."""
    counted = Counter(one.size for one in looked if one.size is not None)
    if not counted:
        return "none opens"
    if len(counted) <= _MOST_SIZES:
        return ", ".join(f"{width} x {height}" for (height, width), _ in counted.most_common())
    heights, widths = zip(*counted, strict=True)
    return (
        f"{len(counted)} sizes, {min(widths)} to {max(widths)} x {min(heights)} to {max(heights)}"
    )
