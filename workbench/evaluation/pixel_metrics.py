"""Metrics over all pixels of a category's test images, at mask resolution.

Maps are fed image by image and their masks are never shrunk.
"""

import numpy as np
from jaxtyping import Bool, Float

from workbench.errors import DataError
from workbench.evaluation.measure import Measure


class PixelScores:
    """Collects maps and masks of one category; gives the exact pixel AUROC.

    Exact means that every pixel is kept, in single precision: 4 bytes a pixel. `maps` says how
    the maps were made and becomes part of the figure's definition.

    >>> pixels = PixelScores()
    >>> pixels.add(np.float32([[0.1, 0.9]]), np.array([[False, True]]), "001.png")
    >>> pixels.auroc()
    pixel AUROC = 1.0000
    """

    def __init__(self, maps: str = "") -> None:
        self._maps = f", {maps}" if maps else ""
        self._normal: list[np.ndarray] = []
        self._anomalous: list[np.ndarray] = []
        self._unmasked: list[str] = []

    def add(
        self,
        scores: Float[np.ndarray, "height width"],
        mask: Bool[np.ndarray, "mask_height mask_width"] | None,
        name: str,
    ) -> None:
        """Take in one image's map with its mask; `None` for an anomalous image without one.

        Raises `DataError`, naming the image, if the sizes differ or a score is not finite.
        """
        if mask is None:
            self._unmasked.append(name)
            return
        if scores.shape != mask.shape:
            raise DataError(f"{name}: the map is {scores.shape} and the mask {mask.shape}.")
        if not np.isfinite(scores).all():
            raise DataError(f"{name}: the map holds NaN or infinity, which no metric can rank.")
        self._normal.append(scores[~mask].astype(np.float32))
        self._anomalous.append(scores[mask].astype(np.float32))

    def auroc(self) -> Measure:
        """Return the exact pixel AUROC; undefined if a kind of pixel or a mask is missing."""
        name = "pixel AUROC"
        definition = (
            "area under the ROC curve over all test pixels, exact, ties count half, "
            f"maps and masks at the images' own size{self._maps}"
        )
        if self._unmasked:
            reason = f"{len(self._unmasked)} anomalous images have no mask"
            return Measure(name, None, definition, undefined=reason)
        nothing = np.empty(0, np.float32)
        normal = np.concatenate([nothing, *self._normal])
        anomalous = np.concatenate([nothing, *self._anomalous])
        if not len(anomalous) or not len(normal):
            kind = "normal" if len(anomalous) else "anomalous"
            return Measure(name, None, definition, undefined=f"no {kind} pixel in the test images")
        normal.sort()
        anomalous.sort()
        below = np.searchsorted(normal, anomalous, side="left").sum(dtype=np.int64)
        up_to = np.searchsorted(normal, anomalous, side="right").sum(dtype=np.int64)
        return Measure(name, int(below + up_to) / (2 * len(normal) * len(anomalous)), definition)
