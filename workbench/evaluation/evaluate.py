"""Evaluate an excavation on the labelled test images of its category."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from workbench.errors import DataError
from workbench.evaluation.category import TestImages, figures
from workbench.evaluation.curves import Curve
from workbench.evaluation.measure import Measure
from workbench.evaluation.threshold import ALPHA, Threshold, conformal_threshold
from workbench.excavation.detection import Detection
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH
from workbench.images.samples import Sample
from workbench.images.support import without_support


@dataclass(frozen=True)
class ImageRow:
    """One test image of an evaluation.

    `score` is the image score and `flagged` whether it reaches the threshold; `visual` and `text`
    are the largest patch score of each branch, `row` and `column` the patch that gave the score,
    and `neurons` those with the largest shares of that patch's visual score, as `index:share`
    separated by spaces. `aupimo` is how well the map covers the defect, where there is a mask.
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
    flagged: bool | None = None
    aupimo: float | None = None


@dataclass(frozen=True, eq=False)
class CategoryResult:
    """The figures of one category, the rows and curves they come from, and the threshold.

    `curves` are `image_roc`, `image_pr`, `pixel_roc`, `pixel_pr` and
    `pixel_pro`, as far as they are defined.
    """

    category: str
    rows: tuple[ImageRow, ...]
    measures: dict[str, Measure]
    curves: dict[str, Curve] = field(default_factory=dict)
    threshold: Threshold | None = None

    def value(self, metric: str) -> float | None:
        """Return a metric's value, `None` where it is undefined."""
        return self.measures[metric].value

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data: values, intervals, and why a metric is undefined."""
        labels = [row.label for row in self.rows]
        undefined = {
            name: measure.undefined
            for name, measure in self.measures.items()
            if measure.value is None
        }
        return {
            **{name: measure.value for name, measure in self.measures.items()},
            "image_f1_max_threshold": self.measures["image_f1_max"].threshold,
            "intervals": {
                name: [measure.low, measure.high]
                for name, measure in self.measures.items()
                if measure.low is not None
            },
            "bounds": {
                name: measure.bound
                for name, measure in self.measures.items()
                if measure.bound is not None
            },
            "threshold": None if self.threshold is None else asdict(self.threshold),
            "images": {"normal": labels.count(0), "anomalous": labels.count(1)},
            **({"undefined": undefined} if undefined else {}),
        }

    def table(self) -> list[dict[str, Any]]:
        """Return the rows as plain data, for a CSV file."""
        return [asdict(row) for row in self.rows]


class Tally:
    """Takes in detections of labelled images one by one, and yields the figures.

    Patch maps are kept, and brought to the images' own sizes one after the other at the end.
    """

    def __init__(self, category: str, threshold: Threshold | None = None) -> None:
        self.category, self.threshold = category, threshold
        self._samples: list[Sample] = []
        self._rows: list[ImageRow] = []
        self._maps: list[np.ndarray] = []
        self._sizes: list[tuple[int, int]] = []

    def add(self, sample: Sample, detection: Detection) -> None:
        """Take in one image."""
        self._samples.append(sample)
        self._maps.append(detection.fused)
        self._sizes.append(detection.size)
        strongest = " ".join(f"{index}:{share:.3g}" for index, share in detection.strongest())
        row, column = detection.peak
        self._rows.append(
            ImageRow(
                category=self.category,
                image=sample.name,
                path=str(sample.path),
                defect=sample.defect,
                label=int(sample.label == 1),
                score=detection.score,
                visual=float(detection.visual.max()),
                text=None if detection.text is None else float(detection.text.max()),
                row=row,
                column=column,
                neurons=strongest,
                flagged=None if self.threshold is None else detection.score >= self.threshold.value,
            )
        )

    def result(self, *, exact: bool = False) -> CategoryResult:
        """Return the figures of all images taken in.

        Raises `DataError` for a mask of another size than its image.
        """
        found = figures(
            TestImages(self._samples),
            np.array([row.score for row in self._rows]),
            np.stack(self._maps),
            self._sizes,
            self.threshold,
            exact=exact,
        )
        rows = tuple(replace(row, aupimo=found.aupimo.get(row.image)) for row in self._rows)
        return CategoryResult(self.category, rows, found.measures, found.curves, self.threshold)


def evaluate(
    excavation: Excavation,
    samples: Iterable[Sample],
    *,
    alpha: float = ALPHA,
    exact: bool = False,
    batch_size: int = BATCH,
) -> CategoryResult:
    """Score the test images among `samples` and compare with their labels and masks.

    Test anomalies that contaminated the support are left out. `alpha` is the share of normals
    that the threshold may flag (see `conformal_threshold`); `exact` sorts all pixels instead of
    counting them in bins. A figure that cannot be had (only one kind of image, no masks) is
    undefined, with the reason. Raises `DataError` if there are no test images, several
    categories, or test normals that the excavation has learned from.
    """
    tests = remaining_tests(excavation, labelled_tests(samples))
    tally = Tally(tests[0].category, threshold_of(excavation, alpha))
    for sample, detection in zip(
        tests, excavation.score(tests, batch_size=batch_size), strict=True
    ):
        tally.add(sample, detection)
    return tally.result(exact=exact)


def threshold_of(excavation: Excavation, alpha: float = ALPHA) -> Threshold:
    """Return the threshold that an excavation's held-out normal images give; no label is seen.

    Where the support is too small for `alpha`, the threshold is marked heuristic.
    """
    scores = np.array(excavation.held_out_scores)
    images = min(len(excavation.support), len(scores))
    return conformal_threshold(scores, alpha, images=images, heuristic=True)


def remaining_tests(excavation: Excavation, tests: list[Sample]) -> list[Sample]:
    """Return the test images without the anomalies that contaminated the support.

    Raises `DataError` for a test image that the excavation took for a training normal: a folder
    without a published split is split anew when images are added to it.
    """
    if excavation.category != tests[0].category:
        return tests
    known = set(excavation.support)
    seen = [sample for sample in tests if sample.name in known]
    again = [sample for sample in seen if sample.label == 0]
    if again:
        raise DataError(
            f"{len(again)} test images of {excavation.category} were among its support "
            f"({again[0].path}, ...): the folder has changed since. Excavate again."
        )
    return without_support(tests, seen)


def labelled_tests(samples: Iterable[Sample]) -> list[Sample]:
    """Return the test images whose truth is known; those it is withheld of are left out.

    Raises `DataError` if there are none, or of several categories.
    """
    given = list(samples)
    every_test = [sample for sample in given if sample.split == "test"]
    tests = [sample for sample in every_test if sample.label is not None]
    categories = sorted({sample.category for sample in given})
    if every_test and not tests:
        raise DataError(
            f"{', '.join(categories)} has test images without labels only: they can be scored "
            "(`workbench detect`), and not evaluated."
        )
    if not tests:
        raise DataError(
            f"{', '.join(categories) or 'the data'} has no test images: nothing to evaluate on. "
            "Expected is CATEGORY/test/good with CATEGORY/test/DEFECT, or normal/ with abnormal/."
        )
    if len(categories) > 1:
        raise DataError(f"evaluate one category at a time; these are {', '.join(categories)}.")
    return tests
