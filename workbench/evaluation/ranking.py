"""What a ranking is worth, from how many of each kind score at every threshold.

All functions take *steps*: along the last axis, from the largest score down, how many items (or
what weight of them) have exactly that score, or lie in that bin. Leading axes are free: the draws
of a bootstrap go through the same code as the data. Where a kind is missing the result is NaN.
"""

import numpy as np
from jaxtyping import Float, Num

Steps = Num[np.ndarray, "*draw step"]
Values = Float[np.ndarray, "*draw"]


def roc_area(true: Steps, false: Steps) -> Values:
    """Return the area under the ROC curve; items with the same score count half."""
    before_and_after = 2 * np.cumsum(true, -1, dtype=np.float64) - true
    area = (before_and_after * false).sum(-1)
    return ratio(area, 2 * _total(true) * _total(false))


def precision_area(true: Steps, false: Steps) -> Values:
    """Return the average precision: step-wise over recall, not the trapezoid."""
    hits = np.cumsum(true, -1, dtype=np.float64)
    precision = ratio(hits, hits + np.cumsum(false, -1, dtype=np.float64))
    area = np.where(true > 0, true * precision, 0.0).sum(-1)
    return ratio(np.where(_total(false) > 0, area, np.nan), _total(true))


def f1_by_step(true: Steps, false: Steps) -> Float[np.ndarray, "*draw step"]:
    """Return the F1 of every threshold; the largest is F1-max."""
    hits = np.cumsum(true, -1, dtype=np.float64)
    alarms = np.cumsum(false, -1, dtype=np.float64)
    return ratio(2 * hits, hits + alarms + hits[..., -1:])


def f1_peak(true: Steps, false: Steps) -> Values:
    """Return the largest F1 over all thresholds."""
    return np.where(_both(true, false), f1_by_step(true, false).max(-1, initial=0.0), np.nan)


def fpr_at_tpr(true: Steps, false: Steps, percent: int = 95) -> Values:
    """Return the smallest false positive rate at which at least `percent` % are found."""
    hits, alarms = np.cumsum(true, -1), np.cumsum(false, -1, dtype=np.float64)
    enough = 100 * hits >= percent * hits[..., -1:]
    first = enough.argmax(-1)[..., None]
    rate = ratio(np.take_along_axis(alarms, first, -1)[..., 0], _total(false))
    return np.where(_both(true, false), rate, np.nan)


def pro_area(overlap: Steps, false: Steps, limit: float) -> Values:
    """Return the area under the per-region overlap over the false positive rate up to `limit`.

    `overlap` holds every component's pixels, each with 1 / (area of its component). The curve is
    linear between thresholds, also at the limit, and the area is divided by the limit.
    """
    x0, x1, y0, y1 = _pro_segments(overlap, false)
    stop = np.minimum(x1, limit)
    at_stop = y0 + (y1 - y0) * np.where(x1 > x0, ratio(stop - x0, x1 - x0), 0.0)
    pieces = np.where(x0 < limit, (stop - x0) * (y0 + at_stop) / 2, 0.0)
    return np.asarray(pieces.sum(-1) / limit)


def roc_bound(true: Steps, false: Steps) -> Values:
    """Return how far the area can be from that of the scores inside the bins.

    `sum_b N_b P_b / (2 N P)`: the order within a bin is unknown, and counted as half right.
    """
    return ratio((1.0 * true * false).sum(-1), 2 * _total(true) * _total(false))


def precision_bound(true: Steps, false: Steps) -> Values:
    """Return how far the average precision can be from that of the scores inside the bins.

    Within a bin every anomalous item may come before all normal ones, or after.
    """
    hits = np.cumsum(true, -1, dtype=np.float64)
    alarms = np.cumsum(false, -1, dtype=np.float64)
    best = ratio(hits, hits + alarms - false)
    first = hits - true + np.minimum(true, 1)
    # The precision of the i-th is concave in i: its sum lies above that of its chord.
    worst = (ratio(first, first + alarms) + ratio(hits, hits + alarms)) / 2
    value = ratio(hits, hits + alarms)
    up = np.where(true > 0, true * (best - value), 0.0).sum(-1)
    down = np.where(true > 0, true * (value - worst), 0.0).sum(-1)
    return ratio(np.maximum(up, down), _total(true))


def f1_bound(true: Steps, false: Steps) -> Values:
    """Return how far above the F1-max of whole bins that of the scores inside them can be."""
    hits = np.cumsum(true, -1, dtype=np.float64)
    alarms = np.cumsum(false, -1, dtype=np.float64) - false
    best = ratio(2 * hits, hits + alarms + hits[..., -1:]).max(-1, initial=0.0)
    return np.asarray(best - f1_peak(true, false))


def pro_bound(overlap: Steps, false: Steps, limit: float) -> Values:
    """Return how far the area can be from that of the scores inside the bins.

    Both coordinates grow, so the true curve stays in the box that its bin spans.
    """
    x0, x1, y0, y1 = _pro_segments(overlap, false)
    boxes = np.where(x0 < limit, (np.minimum(x1, limit) - x0) * (y1 - y0), 0.0).sum(-1)
    # Where a box reaches over the limit, its curve is not known to halve the part before it.
    over = np.where((x0 < limit) & (x1 > limit), (limit - x0) * (y1 - y0), 0.0).sum(-1)
    return np.asarray((boxes + over) / (2 * limit))


def ratio(above: np.ndarray | float, below: np.ndarray | float) -> np.ndarray:
    """Return the quotient, NaN where the divisor is zero."""
    above, below = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    result = np.full(above.shape, np.nan)
    np.divide(above, below, out=result, where=below != 0)
    return result


def _pro_segments(
    overlap: np.ndarray, false: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return both ends of each segment: false positive rates and mean overlaps."""
    x1 = ratio(np.cumsum(false, -1, dtype=np.float64), _total(false)[..., None])
    y1 = np.cumsum(overlap, -1, dtype=np.float64)
    y1 = ratio(y1, y1[..., -1:])
    zero = np.zeros((*x1.shape[:-1], 1))
    return (
        np.concatenate([zero, x1[..., :-1]], -1),
        x1,
        np.concatenate([zero, y1[..., :-1]], -1),
        y1,
    )


def _total(steps: np.ndarray) -> np.ndarray:
    return np.asarray(steps.sum(-1, dtype=np.float64))


def _both(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    return np.asarray((_total(true) > 0) & (_total(false) > 0))
