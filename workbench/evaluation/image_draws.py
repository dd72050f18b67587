"""Poisson bootstrap over images in one pass: how figures over pixels would vary."""

import hashlib
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int, Num

from workbench.evaluation import ranking

DRAWS = 200
COARSE_BINS = 4096
PRO_LIMITS = {"pixel_aupro": 0.30, "pixel_aupro_05": 0.05}

_WAITING = 64  # images whose histograms are multiplied with their weights at once
_UNIT = 2.0**30
"""Overlaps are counted in units of 1 / 2^30: sums of whole numbers do not depend on their order."""


class ImageDraws:
    """Histograms of every draw: each image counts as often as a Poisson variable of mean 1 says.

    Memory is O(draws x bins), however many images. An image's weights follow from the seed and its
    name alone, so that neither order nor batches change an interval.
    """

    def __init__(self, bins: int, *, draws: int = DRAWS, seed: int = 0) -> None:
        self.draws = draws
        self._seed = seed
        # The first row is the data themselves, so that draws can be compared with them.
        self._sums = np.zeros((3, draws + 1, bins))
        self._histograms = np.zeros((3, _WAITING, bins))
        self._weights = np.zeros((draws + 1, _WAITING))
        self._count = 0

    def weights(self, name: str) -> Int[np.ndarray, "draw"]:
        """Return how often an image counts in each draw."""
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        rng = np.random.default_rng([self._seed, int.from_bytes(digest, "big")])
        return rng.poisson(1.0, self.draws)

    def add(
        self,
        weights: Int[np.ndarray, "draw"],
        true: Num[np.ndarray, "bin"],
        false: Num[np.ndarray, "bin"],
        overlap: Num[np.ndarray, "bin"],
    ) -> None:
        """Take in one image's histograms over the coarse bins."""
        self._weights[0, self._count] = 1
        self._weights[1:, self._count] = weights
        for kind, histogram in enumerate((true, false, np.rint(overlap * _UNIT))):
            self._histograms[kind, self._count] = histogram
        self._count += 1
        if self._count == _WAITING:
            self._flush()

    def values(self) -> dict[str, Float[np.ndarray, "draw"]]:
        """Return each metric's deviation from the data, by draw; NaN where undefined.

        The deviation, because coarse bins shift a draw and the data alike.
        """
        self._flush()
        if not self.draws:
            return {name: np.empty(0) for name in pixel_values(*np.ones((3, 1)))}
        true, false, overlap = (sums[:, ::-1] for sums in self._sums)
        found = pixel_values(true, false, overlap)
        return {name: value[1:] - value[0] for name, value in found.items()}

    def _flush(self) -> None:
        if self._count:
            self._sums += self._weights[:, : self._count] @ self._histograms[:, : self._count]
        self._count = 0


def pixel_values(
    true: ranking.Steps, false: ranking.Steps, overlap: ranking.Steps
) -> dict[str, ranking.Values]:
    """Return the metrics that follow from the steps of all pixels (see `ranking`), by key."""
    return {
        "pixel_auroc": ranking.roc_area(true, false),
        "pixel_ap": ranking.precision_area(true, false),
        "pixel_f1_max": ranking.f1_peak(true, false),
        **{key: ranking.pro_area(overlap, false, at) for key, at in PRO_LIMITS.items()},
    }


def pixel_bounds(
    true: ranking.Steps, false: ranking.Steps, overlap: ranking.Steps
) -> Mapping[str, ranking.Values]:
    """Return how far each of them can be from an exact computation, where the steps are bins."""
    return {
        "pixel_auroc": ranking.roc_bound(true, false),
        "pixel_ap": ranking.precision_bound(true, false),
        "pixel_f1_max": ranking.f1_bound(true, false),
        **{key: ranking.pro_bound(overlap, false, at) for key, at in PRO_LIMITS.items()},
    }
