"""Intervals by drawing images again: percentile bootstrap, each kind of image by itself."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

DRAWS = 1000
LEVEL = 95
"""Per cent of the draws that an interval holds."""

_CELLS = 1 << 21  # draws x images held at once


def stratified_weights(
    truth: Int[np.ndarray, "image"], draws: int, seed: int
) -> Iterator[Float[np.ndarray, "draw image"]]:
    """Yield, in portions, how often each image is taken in each draw."""
    rng = np.random.default_rng(seed)
    kinds = [np.flatnonzero(truth == kind) for kind in (0, 1)]
    portion = max(1, _CELLS // max(1, len(truth)))
    for start in range(0, draws, portion):
        count = min(portion, draws - start)
        weights = np.zeros((count, len(truth)))
        for kind in kinds:
            if len(kind):
                taken = rng.integers(0, len(kind), (count, len(kind)))
                taken += np.arange(count)[:, None] * len(kind)
                times = np.bincount(taken.ravel(), minlength=count * len(kind))
                weights[:, kind] = times.reshape(count, len(kind))
        yield weights


def interval(values: Float[np.ndarray, "draw"]) -> tuple[float | None, float | None]:
    """Return the ends of the 95 % percentile interval; `None` where too few draws are defined.

    >>> interval(np.linspace(0, 1, 1001))
    (0.025, 0.975)
    """
    known = values[np.isfinite(values)]
    if len(known) < 20 or len(known) < len(values) / 2:
        return None, None
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)


def mean_interval(
    values: Float[np.ndarray, "image"], *, draws: int = DRAWS, seed: int = 0
) -> tuple[float | None, float | None]:
    """Return the ends of the 95 % interval of a mean over images; `None` for fewer than two.

    Of differences on the same images it is the paired interval. The draws do not depend on the
    order of the images.
    """
    if len(values) < 2:
        return None, None
    ordered, one_kind = np.sort(values), np.ones(len(values), np.int64)
    portions = [w @ ordered / len(ordered) for w in stratified_weights(one_kind, draws, seed)]
    return interval(np.concatenate([np.empty(0), *portions]))
