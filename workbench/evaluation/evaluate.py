"""Evaluate an excavation on the labelled test images of its category."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import DataError
from workbench.evaluation.image_metrics import image_metrics
from workbench.evaluation.measure import Measure
from workbench.evaluation.pixel_metrics import PixelScores
from workbench.excavation.detection import Detection
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH
from workbench.excavation.maps import SMOOTHING
from workbench.images.decode import open_mask
from workbench.images.samples import Sample

METRICS = ("image_auroc", "image_ap", "image_f1_max", "pixel_auroc")
_MAPS = f"smoothed by a Gaussian of {SMOOTHING:.0%} of the shorter side"


@dataclass(frozen=True)
class ImageRow:
    """One test image of an evaluation.

    `score` is the image score, `visual` and `text` the largest patch score of each branch,
    `row` and `column` the patch that gave the score, and `neurons` those with the largest shares
    of that patch's visual score, as `index:share` separated by spaces.
    """

    category: str
    image: str
    path: str
    defect: str
    label: int
    score: float
    visual: float
    text: float | None
    row: int
    column: int
    neurons: str


@dataclass(frozen=True)
class CategoryResult:
    """The figures of one category and the rows they come from."""

    category: str
    rows: tuple[ImageRow, ...]
    measures: dict[str, Measure]

    def value(self, metric: str) -> float | None:
        """Return a metric's value, `None` where it is undefined."""
        return self.measures[metric].value

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data; a metric that is undefined says why."""
        labels = [row.label for row in self.rows]
        undefined = {
            name: measure.undefined
            for name, measure in self.measures.items()
            if measure.value is None
        }
        return {
            **{name: measure.value for name, measure in self.measures.items()},
            "image_f1_max_threshold": self.measures["image_f1_max"].threshold,
            "images": {"normal": labels.count(0), "anomalous": labels.count(1)},
            **({"undefined": undefined} if undefined else {}),
        }

    def table(self) -> list[dict[str, Any]]:
        """Return the rows as plain data, for a CSV file."""
        return [asdict(row) for row in self.rows]


class Tally:
    """Takes in detections of labelled images one by one, and yields the figures."""

    def __init__(self, category: str) -> None:
        self.category = category
        self._rows: list[ImageRow] = []
        self._pixels = PixelScores(_MAPS)

    def add(self, sample: Sample, detection: Detection) -> None:
        """Take in one image. Raises `DataError` if its mask has another size."""
        self._pixels.add(detection.map(), true_mask(sample, detection.size), sample.name)
        strongest = " ".join(f"{index}:{share:.3g}" for index, share in detection.strongest())
        row, column = detection.peak
        self._rows.append(
            ImageRow(
                category=self.category,
                image=sample.name,
                path=str(sample.path),
                defect=sample.defect,
                label=sample.label,
                score=detection.score,
                visual=float(detection.visual.max()),
                text=None if detection.text is None else float(detection.text.max()),
                row=row,
                column=column,
                neurons=strongest,
            )
        )

    def result(self) -> CategoryResult:
        """Return the figures of all images taken in."""
        labels = [row.label for row in self._rows]
        scores = [row.score for row in self._rows]
        measures = {**image_metrics(labels, scores), "pixel_auroc": self._pixels.auroc()}
        return CategoryResult(self.category, tuple(self._rows), measures)


def evaluate(
    excavation: Excavation, samples: Iterable[Sample], *, batch_size: int = BATCH
) -> CategoryResult:
    """Score the test images among `samples` and compare with their labels and masks.

    A figure that cannot be had (only one kind of image, no masks) is undefined, with the reason.
    Raises `DataError` if there are no test images, several categories, or test images that the
    excavation has learned from.
    """
    tests = labelled_tests(samples)
    _refuse_support(excavation, tests)
    tally = Tally(tests[0].category)
    for sample, detection in zip(
        tests, excavation.score(tests, batch_size=batch_size), strict=True
    ):
        tally.add(sample, detection)
    return tally.result()


def _refuse_support(excavation: Excavation, tests: list[Sample]) -> None:
    """A folder without a published split is split anew when images are added to it."""
    known = set(excavation.support)
    seen = [s for s in tests if s.name in known and s.category == excavation.category]
    if seen:
        raise DataError(
            f"{len(seen)} test images of {excavation.category} were among its support "
            f"({seen[0].path}, ...): the folder has changed since. Excavate again."
        )


def labelled_tests(samples: Iterable[Sample]) -> list[Sample]:
    """Return the test images. Raises `DataError` if there are none, or of several categories."""
    given = list(samples)
    tests = [sample for sample in given if sample.split == "test"]
    categories = sorted({sample.category for sample in given})
    if not tests:
        raise DataError(
            f"{', '.join(categories) or 'the data'} has no test images: nothing to evaluate on. "
            "Expected is CATEGORY/test/good with CATEGORY/test/DEFECT, or normal/ with abnormal/."
        )
    if len(categories) > 1:
        raise DataError(f"evaluate one category at a time; these are {', '.join(categories)}.")
    return tests


def true_mask(sample: Sample, size: tuple[int, int]) -> np.ndarray | None:
    """Return where an image is anomalous; `None` if it is and no mask says where."""
    if sample.mask_path is not None:
        return open_mask(sample.mask_path)
    return np.zeros(size, dtype=bool) if sample.label == 0 else None
