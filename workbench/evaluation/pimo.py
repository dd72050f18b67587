"""AUPIMO: each anomalous image's overlap at false positive rates of the normal images.

Bertoldo, Ameln, Vaidya and Akcay, AUPIMO: Redefining Visual Anomaly Detection Benchmarks with High
Speed and Low Tolerance (2024). A threshold's false positive rate is the mean over the normal images
of the share of their pixels above it. Here nothing is sampled from a grid of thresholds: every
normal score is one, and at a rate between two of them the stricter threshold counts.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

FROM, TO = 1e-5, 1e-4
"""The false positive rates over whose logarithm the overlap is averaged."""

NEEDED = math.ceil(1 / FROM)
"""Normal pixels without which the smallest rate cannot be seen."""

_KEPT = 1 << 16
_SKETCH = 4096


@dataclass(frozen=True, eq=False)
class Overlaps:
    """An anomalous image's anomalous scores, rising: all `count`, or those at even ranks."""

    scores: Float[np.ndarray, "kept"]
    count: int

    @classmethod
    def of(cls, ordered: Float[np.ndarray, "anomalous"], *, exact: bool = False) -> "Overlaps":
        """Keep all of up to 4,096 rising scores, and as many at even distances of more."""
        count = len(ordered)
        if exact or count <= _SKETCH:
            return cls(ordered, count)
        return cls(ordered[_ranks(count, _SKETCH)], count)


class NormalTail:
    """The largest scores of the normal images, each with its share of its image.

    Keeps the largest 2^16, or four times as many as the rate 1e-4 needs (0.04 % of the pixels):
    enough unless the largest lie in very small images. With `exact` all are kept.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self.images = 0
        self.pixels = 0
        self._scores: list[np.ndarray] = []
        self._shares: list[np.ndarray] = []
        self._held = 0
        self._floor = -math.inf  # nothing above it was dropped

    def add(self, ordered: Float[np.ndarray, "pixel"]) -> None:
        """Take in the rising scores of a normal image."""
        self.images += 1
        self.pixels += len(ordered)
        most = self._most()
        first = int(np.searchsorted(ordered, self._floor, side="right"))
        top = ordered[max(first, len(ordered) - most) :]
        if len(top) < len(ordered) - first:
            self._floor = max(self._floor, float(ordered[len(ordered) - most - 1]))
        self._scores.append(top.astype(np.float64))
        self._shares.append(np.full(len(top), 1 / len(ordered)))
        self._held += len(top)
        if self._held > 2 * most:
            self._shrink(most)

    def worth(self) -> tuple[Float[np.ndarray, "threshold"], Float[np.ndarray, "threshold"]]:
        """Return rising thresholds and what passing each of them (strictly) adds to AUPIMO.

        The additions sum to 1 unless the needed scores were dropped.
        """
        scores = np.concatenate([np.empty(0), *self._scores])
        shares = np.concatenate([np.empty(0), *self._shares])
        shares = shares[scores > self._floor]
        scores = scores[scores > self._floor]
        if math.isfinite(
            self._floor
        ):  # it is a threshold too: what lies below it need not be known
            scores, shares = np.append(scores, self._floor), np.append(shares, np.inf)
        order = np.argsort(-scores, kind="stable")
        scores, shares = scores[order], shares[order]
        last = np.flatnonzero(np.diff(scores, append=-np.inf))
        rates = np.cumsum(shares)[last] / max(1, self.images)
        # At a rate from that of the threshold before up to this one's, scores must exceed this one.
        before = np.append(0.0, rates[:-1])
        logs = np.log(np.clip(rates, FROM, TO)) - np.log(np.clip(before, FROM, TO))
        used = logs > 0
        return scores[last][used][::-1], logs[used][::-1] / math.log(TO / FROM)

    def complete(self) -> bool:
        """Whether every score that rates up to 1e-4 need is still held."""
        if not math.isfinite(self._floor):
            return True
        shares = np.concatenate(self._shares)[np.concatenate(self._scores) > self._floor]
        return bool(shares.sum() / self.images > TO)

    def _most(self) -> int:
        return self.pixels if self._exact else max(_KEPT, math.ceil(4 * TO * self.pixels))

    def _shrink(self, most: int) -> None:
        scores, shares = np.concatenate(self._scores), np.concatenate(self._shares)
        cut = len(scores) - most
        floor = float(np.partition(scores, cut - 1)[cut - 1])
        self._floor = max(self._floor, floor)
        above = scores > floor
        self._scores, self._shares = [scores[above]], [shares[above]]
        self._held = int(above.sum())


def aupimo(
    overlaps: Overlaps,
    thresholds: Float[np.ndarray, "threshold"],
    worth: Float[np.ndarray, "threshold"],
) -> tuple[float, float]:
    """Return an image's AUPIMO and how far it can be from that of all its pixels.

    The mean over its anomalous pixels of what the thresholds below their scores are worth.
    """
    passed = np.append(0.0, np.cumsum(worth))[np.searchsorted(thresholds, overlaps.scores, "left")]
    count = overlaps.count
    between = np.diff(_ranks(count, len(overlaps.scores))) - 1
    value = passed.sum() + (between * (passed[1:] + passed[:-1])).sum() / 2
    bound = (between * np.diff(passed)).sum() / 2
    return float(value / count), float(bound / count)


def _ranks(count: int, kept: int) -> Int[np.ndarray, "kept"]:
    return np.rint(np.linspace(0, count - 1, kept)).astype(np.int64)
