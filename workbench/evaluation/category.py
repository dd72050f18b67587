"""The figures of a category: from its images' scores and patch maps, however they came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from workbench.errors import DataError
from workbench.evaluation.aggregate import category_seed
from workbench.evaluation.curves import Curve
from workbench.evaluation.exact_pixel_metrics import ExactPixelMetrics
from workbench.evaluation.image_metrics import image_curves, image_metrics
from workbench.evaluation.measure import Measure
from workbench.evaluation.pixel_measures import PIXEL_METRICS
from workbench.evaluation.pixel_metrics import PixelMetrics
from workbench.evaluation.threshold import Threshold
from workbench.excavation.maps import SMOOTHING, anomaly_map
from workbench.images.samples import Sample
from workbench.images.truth import true_mask

IMAGE_METRICS = (
    "image_auroc",
    "image_ap",
    "image_f1_max",
    "image_fpr95",
    "image_balanced_accuracy",
)
METRICS = (*IMAGE_METRICS, *PIXEL_METRICS)
_SHORT = {"precision_recall": "pr"}
MAPS = (
    "bilinear to the image's own size, smoothed by a Gaussian of "
    f"{SMOOTHING:.0%} of the shorter side"
)


@dataclass(eq=False)
class TestImages:
    """The labelled test images of a category; each mask is read once and kept as bits."""

    __test__ = False  # not a test, whatever pytest thinks of the name

    samples: Sequence[Sample]
    _packed: dict[int, tuple[np.ndarray, tuple[int, int]]] = field(default_factory=dict, repr=False)

    @property
    def labels(self) -> list[int]:
        """0 for every normal image, 1 for every anomalous one."""
        return [int(sample.label == 1) for sample in self.samples]

    def __len__(self) -> int:
        return len(self.samples)

    def mask(self, index: int, size: tuple[int, int]) -> Bool[np.ndarray, "height width"] | None:
        """Return where an image of `size` (height, width) is anomalous; `None` if unknown."""
        sample = self.samples[index]
        if not sample.mask_paths:
            return true_mask(sample, size)
        if index not in self._packed:
            mask = true_mask(sample, size)
            if mask is None:
                return None
            self._packed[index] = np.packbits(mask), mask.shape
        bits, shape = self._packed[index]
        return np.unpackbits(bits, count=shape[0] * shape[1]).view(bool).reshape(shape)


@dataclass(frozen=True, eq=False)
class Figures:
    """What came out for a category: measures and curves, and AUPIMO per image (by name)."""

    measures: dict[str, Measure]
    curves: dict[str, Curve]
    aupimo: Mapping[str, float | None]


class PixelPass:
    """A category's pixel metrics, fed image by image: `engine` has them when all are in.

    `maps` are the images' patch scores, `sizes` their own (height, width). A map is brought to its
    image's size when it is fed, and forgotten. `intervals=False` leaves the bootstrap out; `exact`
    sorts all pixels.
    """

    def __init__(
        self,
        tests: TestImages,
        maps: Float[np.ndarray, "image row column"],
        sizes: Sequence[tuple[int, int]],
        *,
        intervals: bool = True,
        exact: bool = False,
    ) -> None:
        self.tests, self.maps, self.sizes = tests, maps, sizes
        # With an empty mask nobody can say which pixels of an anomalous image are normal.
        self._left_out = {
            index
            for index, sample in enumerate(tests.samples)
            if sample.mask_paths and tests.mask(index, sizes[index]) is None
        }
        draws = {} if intervals else {"draws": 0}
        count = len(self._left_out)
        made = f"{MAPS}; {count} images left out, whose masks are empty" if count else MAPS
        seed = category_seed(0, tests.samples[0].category)
        self.engine: PixelMetrics | ExactPixelMetrics = (
            ExactPixelMetrics(maps=made, seed=seed, **draws)
            if exact
            else PixelMetrics(maps.reshape(-1), maps=made, seed=seed, **draws)
        )

    def add(self, index: int) -> None:
        """Take in an image. Raises `DataError` for a mask of another size than its image."""
        if index in self._left_out:
            return
        sample, size = self.tests.samples[index], self.sizes[index]
        mask = self.tests.mask(index, size)
        if mask is not None and mask.shape != size:
            raise DataError(
                f"{sample.path} is {size[1]} x {size[0]} pixels and its mask "
                f"{mask.shape[1]} x {mask.shape[0]}."
            )
        self.engine.add(anomaly_map(self.maps[index], size), mask, sample.name)


def figures(
    tests: TestImages,
    scores: Float[np.ndarray, "image"],
    maps: Float[np.ndarray, "image row column"],
    sizes: Sequence[tuple[int, int]],
    threshold: Threshold | None = None,
    *,
    intervals: bool = True,
    exact: bool = False,
) -> Figures:
    """Return every metric of a category.

    `scores` are the images' scores, `maps` their patch scores, `sizes` their own (height, width).
    Maps are brought to the image's size one at a time and forgotten. `intervals=False` leaves the
    bootstrap out; `exact` sorts all pixels. Raises `DataError` for a mask of another size than
    its image or a score that is NaN or infinite.
    """
    draws = {} if intervals else {"draws": 0}
    measures = image_metrics(tests.labels, scores.tolist(), threshold=threshold, **draws)
    curves = {f"image_{_SHORT.get(n, n)}": c for n, c in image_curves(tests.labels, scores).items()}
    pixels = PixelPass(tests, maps, sizes, intervals=intervals, exact=exact)
    for index in range(len(tests)):
        pixels.add(index)
    engine = pixels.engine
    measures |= engine.result()
    curves |= {f"pixel_{_SHORT.get(n, n)}": c for n, c in engine.curves().items()}
    return Figures(measures, curves, engine.per_image())
