"""The same metrics as `pixel_metrics`, from a global sort of every pixel."""

import numpy as np
from jaxtyping import Bool, Float

from workbench.evaluation.binning import bin_counts, bin_edges, rounded_up
from workbench.evaluation.curves import Curve, ranked_curves
from workbench.evaluation.image_draws import COARSE_BINS, DRAWS, ImageDraws
from workbench.evaluation.measure import Measure
from workbench.evaluation.pixel_measures import PixelFigures, pixel_measures
from workbench.evaluation.pixel_metrics import PixelRanks

_PER_IMAGE = 1 << 16


class ExactPixelMetrics:
    """All pixel metrics, exactly: keeps every score, in its own precision, until the end.

    The surface is that of `PixelMetrics`, without a sample. The intervals are of the same
    bootstrap, on 4,096 bins around the exact value.

    >>> pixels = ExactPixelMetrics()
    >>> pixels.add(np.array([[0.1, 0.9]]), np.array([[False, True]]), "001.png")
    >>> pixels.result()["pixel_auroc"].value
    1.0
    """

    def __init__(self, *, draws: int = DRAWS, seed: int = 0, maps: str = "") -> None:
        self._draws = (draws, seed)
        self._figures = PixelFigures(maps, exact=True)
        self._images: dict[str, PixelRanks] = {}

    def add(
        self,
        scores: Float[np.ndarray, "height width"],
        mask: Bool[np.ndarray, "mask_height mask_width"] | None,
        name: str,
    ) -> None:
        """Take in one image's map with its mask; `None` for an anomalous image without one.

        Raises `DataError`, naming the image, if the sizes differ, a score is not finite, or an
        image of that name was taken in before.
        """
        self._figures.start(name, mask)
        if mask is None:
            return
        image = PixelRanks.of(scores, mask, name)
        self._images[name] = image
        weights = ImageDraws(1, draws=self._draws[0], seed=self._draws[1]).weights(name)
        self._figures.finish(name, image.ordered, np.sort(image.anomalous), weights)

    def result(self) -> dict[str, Measure]:
        """Return the measures: see `pixel_measures` for keys and definitions."""
        *steps, thresholds = self._steps()
        return pixel_measures(
            self._figures,
            (steps[0], steps[1], steps[2]),
            self._drawn().values(),
            thresholds=thresholds,
            bounds=None,
            engine="exact over all distinct scores",
        )

    def curves(self) -> dict[str, Curve]:
        """Return `roc`, `precision_recall` and `pro`, thinned; none where they are undefined."""
        true, false, overlap, _ = self._steps()
        return {} if self._figures.missing(true, false) else ranked_curves(true, false, overlap)

    def draws(self) -> dict[str, Float[np.ndarray, "draw"]]:
        """Return every metric that is defined in each draw, for intervals of further figures."""
        return self._figures.drawn(self._steps()[:3], self._drawn().values())

    def per_image(self) -> dict[str, float | None]:
        """Return the AUPIMO of every image, `None` for a normal one and where it is undefined."""
        return self._figures.per_image()

    def _steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Two steps for each distinct anomalous score: the normals above it, then its ties.

        Between anomalous scores every curve is straight, so that no other score matters.
        """
        images = list(self._images.values())
        empty = np.empty(0, np.float32)
        every = np.sort(np.concatenate([empty, *(image.ordered for image in images)]))
        anomalous = np.concatenate([empty, *(image.anomalous for image in images)])
        weights = np.concatenate([np.empty(0), *(image.weights for image in images)])
        distinct, place = np.unique(anomalous, return_inverse=True)
        true = np.bincount(place, minlength=len(distinct))
        overlap = np.bincount(place, weights=weights, minlength=len(distinct))
        up_to = np.searchsorted(every, distinct, side="right")
        tied = up_to - np.searchsorted(every, distinct, side="left") - true
        # Pixels between the distinct scores are normal, and so are those at both ends.
        between = np.append(up_to - tied - true, len(every)) - np.append(0, up_to)
        steps = np.zeros((3, 2 * len(distinct) + 1))
        steps[0, 1::2], steps[2, 1::2] = true, overlap
        steps[1, 1::2], steps[1, 0::2] = tied, between
        thresholds = np.repeat(distinct.astype(np.float64), 2)
        least = float(every[0]) if len(every) else 0.0
        thresholds = np.append(least, thresholds)
        return steps[0, ::-1], steps[1, ::-1], steps[2, ::-1], thresholds[::-1]

    def _drawn(self) -> ImageDraws:
        draws, seed = self._draws
        images = self._images.items()
        if not images:
            return ImageDraws(1, draws=draws, seed=seed)
        sample = [i.ordered[:: 1 + len(i.ordered) // _PER_IMAGE] for _, i in images]
        edges = bin_edges(np.concatenate(sample).astype(np.float64), COARSE_BINS)
        result = ImageDraws(len(edges) + 1, draws=draws, seed=seed)
        for name, image in images:
            bounds = rounded_up(edges, image.ordered.dtype)
            places = np.searchsorted(bounds, image.anomalous, side="right")
            true = np.bincount(places, minlength=len(edges) + 1)
            overlap = np.bincount(places, weights=image.weights, minlength=len(edges) + 1)
            false = bin_counts(image.ordered, bounds) - true
            result.add(result.weights(name), true, false, overlap)
        return result
