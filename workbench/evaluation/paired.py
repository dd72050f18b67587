"""How much better one detector is than another on the same images."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from workbench.errors import DataError, SettingError
from workbench.evaluation.image_metrics import checked, image_metrics
from workbench.evaluation.measure import Measure
from workbench.evaluation.resampling import IMAGE_METRICS, drawn_values
from workbench.intervals import DRAWS, interval, mean_interval, stratified_weights


def paired_difference(
    labels: ArrayLike,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    metric: str = "image_auroc",
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Measure:
    """Return a metric of `scores_a` minus that of `scores_b`, with its 95 % interval.

    Each draw of the stratified bootstrap takes the same images for both, so that what makes an
    image hard for both does not widen the interval. Undefined without both kinds of image. Raises
    `SettingError` for a metric that does not exist and `DataError` for NaN, infinity or lengths
    that differ.

    >>> paired_difference([0, 0, 1, 1], [0, 1, 2, 3], [0, 2, 1, 3]).value
    0.25
    """
    if metric not in IMAGE_METRICS:
        raise SettingError(f"no image metric {metric!r}; there are {', '.join(IMAGE_METRICS)}.")
    truth, a = checked(labels, scores_a)
    _, b = checked(labels, scores_b)
    ours, theirs = (image_metrics(truth, each, draws=0)[metric] for each in (a, b))
    name, definition = f"{ours.name}, difference", f"{ours.definition}; first minus second"
    if ours.value is None or theirs.value is None:
        return Measure(name, None, definition, undefined=ours.undefined)
    low, high = None, None
    if draws and min(np.bincount(truth, minlength=2)) >= 2:
        order = np.lexsort((b, a, truth))
        truth, a, b = truth[order], a[order], b[order]
        one = {metric: IMAGE_METRICS[metric]}
        differences = [
            drawn_values(one, truth, a, weights)[metric]
            - drawn_values(one, truth, b, weights)[metric]
            for weights in stratified_weights(truth, draws, seed)
        ]
        low, high = interval(np.concatenate(differences))
    return Measure(name, ours.value - theirs.value, definition, low=low, high=high)


def paired_mean_difference(
    values_a: Iterable[float | None],
    values_b: Iterable[float | None],
    name: str = "AUPIMO",
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Measure:
    """Return the mean difference of per-image values, with its 95 % interval over images.

    Images where either is `None` do not count. Raises `DataError` for lengths that differ.

    >>> paired_mean_difference([0.5, None, 1.0], [0.25, None, 0.75]).value
    0.25
    """
    first, second = list(values_a), list(values_b)
    if len(first) != len(second):
        raise DataError(f"{len(first)} and {len(second)} values are not of the same images.")
    gaps = np.array(
        [a - b for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    )
    title, definition = f"{name}, difference", "mean over images; first minus second"
    if not len(gaps):
        return Measure(title, None, definition, undefined="no image has both values")
    low, high = mean_interval(gaps, draws=draws, seed=seed)
    return Measure(title, float(gaps.mean()), definition, low=low, high=high)
