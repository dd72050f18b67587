"""Metrics over all pixels of a category's test images, at mask resolution.

Maps are fed image by image, in any order, and neither they nor their masks are kept or shrunk.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from workbench.errors import DataError
from workbench.evaluation.binning import BINS, bin_counts, bin_edges, rounded_up
from workbench.evaluation.curves import Curve, ranked_curves
from workbench.evaluation.image_draws import COARSE_BINS, DRAWS, ImageDraws, pixel_bounds
from workbench.evaluation.measure import Measure
from workbench.evaluation.pixel_measures import PixelFigures, pixel_measures
from workbench.evaluation.regions import pixel_weights


@dataclass(frozen=True, eq=False)
class PixelRanks:
    """One image's scores in rising order, and its anomalous pixels row by row."""

    ordered: Float[np.ndarray, "pixel"]
    anomalous: Float[np.ndarray, "anomalous"]
    weights: Float[np.ndarray, "anomalous"]

    @classmethod
    def of(
        cls,
        scores: Float[np.ndarray, "height width"],
        mask: Bool[np.ndarray, "mask_height mask_width"],
        name: str,
    ) -> "PixelRanks":
        """Raises `DataError`, naming the image, for sizes that differ, NaN or infinity."""
        if scores.shape != mask.shape:
            raise DataError(
                f"{name}: the map is {scores.shape} and the mask {mask.shape}. Bring the map to "
                "the mask's size; masks are never shrunk."
            )
        if not scores.size:
            raise DataError(f"{name}: the map is {scores.shape} and holds no pixel.")
        if scores.dtype == np.float16:  # exact, and much quicker to sort
            scores = scores.astype(np.float32)
        ordered = np.sort(scores, axis=None)
        if not (np.isfinite(ordered[0]) and np.isfinite(ordered[-1])):  # NaN is sorted to the end
            raise DataError(f"{name}: the map holds NaN or infinity, which no metric can rank.")
        return cls(ordered, scores[mask], pixel_weights(mask))


class PixelMetrics:
    """All pixel metrics from one pass over maps and masks that keeps neither.

    `sample` holds scores taken evenly over all images, for instance their maps at patch resolution;
    the bins follow from it. A poor sample costs precision, never truth: every figure says how far
    it can be from the exact one (`Measure.bound`). Memory is O(bins) plus a few thousand numbers
    per anomalous image, however many and large the images are. The 95 % intervals are of a Poisson
    bootstrap over images with `draws` draws (0: none). `maps` says how the maps were made and
    becomes part of every definition.

    Raises `DataError` for a sample that is empty or not finite.

    >>> pixels = PixelMetrics(np.array([0.1, 0.9]))
    >>> pixels.add(np.array([[0.1, 0.9]]), np.array([[False, True]]), "001.png")
    >>> pixels.result()["pixel_auroc"].value
    1.0
    """

    def __init__(
        self,
        sample: Float[np.ndarray, "value"],
        *,
        bins: int = BINS,
        draws: int = DRAWS,
        seed: int = 0,
        maps: str = "",
    ) -> None:
        self._edges = bin_edges(sample, bins)
        self._rounded: dict[np.dtype[np.floating], np.ndarray] = {}
        self._figures = PixelFigures(maps)
        count = len(self._edges) + 1
        self._groups = np.unique(np.linspace(0, count, COARSE_BINS + 1).astype(int)[:-1])
        self._draws = ImageDraws(len(self._groups), draws=draws, seed=seed)
        self._all = np.zeros(count, np.int64)
        self._true = np.zeros(count, np.int64)
        self._overlap = np.zeros(count)
        self._least = np.inf

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
        edges = self._edges_for(image.ordered.dtype)
        every = bin_counts(image.ordered, edges)
        places = np.searchsorted(edges, image.anomalous, side="right")
        true = np.bincount(places, minlength=len(every))
        overlap = np.bincount(places, weights=image.weights, minlength=len(every))
        self._all += every
        self._true += true
        self._overlap += overlap
        self._least = min(self._least, float(image.ordered[0]))
        weights = self._draws.weights(name)
        grouped = (np.add.reduceat(kind, self._groups) for kind in (true, every - true, overlap))
        self._draws.add(weights, *grouped)
        self._figures.finish(name, image.ordered, np.sort(image.anomalous), weights)

    def result(self) -> dict[str, Measure]:
        """Return the measures: see `pixel_measures` for keys and definitions."""
        true, false, overlap = self._steps()
        return pixel_measures(
            self._figures,
            (true, false, overlap),
            self._draws.values(),
            thresholds=np.append(self._edges[::-1], self._least),
            bounds=pixel_bounds(true, false, overlap),
            engine=f"one pass over {len(true)} bins",
        )

    def curves(self) -> dict[str, Curve]:
        """Return `roc`, `precision_recall` and `pro`, thinned; none where they are undefined."""
        true, false, overlap = self._steps()
        return {} if self._figures.missing(true, false) else ranked_curves(true, false, overlap)

    def draws(self) -> dict[str, Float[np.ndarray, "draw"]]:
        """Return every metric that is defined in each draw, for intervals of further figures."""
        return self._figures.drawn(self._steps(), self._draws.values())

    def per_image(self) -> dict[str, float | None]:
        """Return the AUPIMO of every image, `None` for a normal one and where it is undefined."""
        return self._figures.per_image()

    def _steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        false = self._all - self._true
        return self._true[::-1], false[::-1], self._overlap[::-1]

    def _edges_for(self, kind: "np.dtype[np.floating]") -> np.ndarray:
        if kind not in self._rounded:
            self._rounded[kind] = rounded_up(self._edges, kind)
        return self._rounded[kind]
