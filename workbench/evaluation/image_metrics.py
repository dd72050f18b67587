"""Metrics over images: exact, with ties, from raw scores.

Nothing is clamped or normalised. Equal to scikit-learn's definitions to 1e-12.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from workbench.errors import DataError
from workbench.evaluation.curves import Curve, ranked_curves
from workbench.evaluation.measure import Measure
from workbench.evaluation.resampling import IMAGE_METRICS, bootstrap
from workbench.evaluation.threshold import Threshold
from workbench.intervals import DRAWS, interval


def auroc(labels: ArrayLike, scores: ArrayLike, name: str = "image AUROC") -> Measure:
    """Return the area under the ROC curve: how often an anomaly scores above a normal.

    Ties count half. Undefined without both kinds. Raises `DataError` for NaN or infinity.

    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    image AUROC = 0.7500
    """
    definition = "area under the ROC curve, exact, ties count half"
    truth, values = checked(labels, scores)
    missing = _missing(truth)
    if missing:
        return Measure(name, None, definition, undefined=missing)
    true, false, _ = _counts(truth, values)
    true_steps, false_steps = np.diff(true, prepend=0), np.diff(false, prepend=0)
    doubled = int((false_steps * (2 * true - true_steps)).sum())
    return Measure(name, doubled / (2 * int(true[-1]) * int(false[-1])), definition)


def average_precision(labels: ArrayLike, scores: ArrayLike, name: str = "image AP") -> Measure:
    """Return the average precision: the step-wise sum over recall, not the trapezoid.

    Constant scores give the prevalence. Undefined without both kinds. Raises `DataError` for NaN
    or infinity.

    >>> average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    image AP = 0.8333
    """
    definition = "average precision, step-wise over distinct scores"
    truth, values = checked(labels, scores)
    missing = _missing(truth)
    if missing:
        return Measure(name, None, definition, undefined=missing)
    true, false, _ = _counts(truth, values)
    precision = true / (true + false)
    return Measure(name, float((np.diff(true, prepend=0) / true[-1]) @ precision), definition)


def f1_max(labels: ArrayLike, scores: ArrayLike, name: str = "image F1-max") -> Measure:
    """Return the largest F1 over all thresholds, with the threshold that reaches it.

    An oracle: the threshold is chosen on the test labels. Undefined without both kinds. Raises
    `DataError` for NaN or infinity.

    >>> f1_max([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).threshold
    0.35
    """
    definition = "largest F1 over all thresholds (oracle: chosen on the test labels)"
    truth, values = checked(labels, scores)
    missing = _missing(truth)
    if missing:
        return Measure(name, None, definition, undefined=missing)
    true, false, thresholds = _counts(truth, values)
    f1 = 2 * true / (true + false + true[-1])
    best = int(f1.argmax())
    return Measure(name, float(f1[best]), definition, threshold=float(thresholds[best]))


def fpr_at_95(labels: ArrayLike, scores: ArrayLike, name: str = "image FPR@95TPR") -> Measure:
    """Return the share of normals flagged where at least 95 % of the anomalies are found.

    The smallest over all thresholds, nothing interpolated; low is good. Undefined without both
    kinds. Raises `DataError` for NaN or infinity.

    >>> fpr_at_95([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    image FPR@95TPR = 0.5000
    """
    definition = "smallest false positive rate with at least 95 % found (oracle threshold)"
    truth, values = checked(labels, scores)
    missing = _missing(truth)
    if missing:
        return Measure(name, None, definition, undefined=missing)
    true, false, thresholds = _counts(truth, values)
    first = int((100 * true >= 95 * true[-1]).argmax())
    value = int(false[first]) / int(false[-1])
    return Measure(name, value, definition, threshold=float(thresholds[first]))


def balanced_accuracy(
    labels: ArrayLike,
    scores: ArrayLike,
    threshold: Threshold | None,
    name: str = "image balanced accuracy",
) -> Measure:
    """Return the mean of the shares judged rightly of both kinds, at a label-free threshold.

    Undefined without a threshold or without both kinds. Raises `DataError` for NaN or infinity.

    >>> at = Threshold(0.4, 0.05, "heuristic", 1, "chosen by hand")
    >>> balanced_accuracy([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], at)
    image balanced accuracy = 0.5000
    """
    definition = "mean of sensitivity and specificity at a threshold that saw no test label"
    truth, values = checked(labels, scores)
    missing = "no threshold without labels was given" if threshold is None else _missing(truth)
    if threshold is None or missing:
        return Measure(name, None, definition, undefined=missing)
    flagged = values >= threshold.value
    value = (flagged[truth == 1].mean() + (~flagged[truth == 0]).mean()) / 2
    definition = f"{definition} ({threshold.kind}: {threshold.description})"
    return Measure(name, float(value), definition, threshold=threshold.value)


def image_metrics(
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    threshold: Threshold | None = None,
) -> dict[str, Measure]:
    """Return every image metric, each with its 95 % interval.

    The keys are `image_auroc`, `image_ap`, `image_f1_max`, `image_fpr95` and
    `image_balanced_accuracy`, which is undefined without a threshold. The intervals are of a
    stratified bootstrap over images with `draws` draws (0: none); a kind with a single image has
    none. Raises `DataError` for NaN, infinity or labels that are not 0 or 1.
    """
    truth, values = checked(labels, scores)
    measures = {
        "image_auroc": auroc(truth, values),
        "image_ap": average_precision(truth, values),
        "image_f1_max": f1_max(truth, values),
        "image_fpr95": fpr_at_95(truth, values),
        "image_balanced_accuracy": balanced_accuracy(truth, values, threshold),
    }
    if draws and min(np.bincount(truth, minlength=2)) >= 2:
        drawn = bootstrap(IMAGE_METRICS, truth, values, draws=draws, seed=seed)
        if threshold is not None:
            # Judged or not is a ranking too, of two scores: its ROC area is this accuracy.
            flagged = (values >= threshold.value).astype(np.float64)
            key = "image_balanced_accuracy"
            worth = {key: IMAGE_METRICS["image_auroc"]}
            drawn |= bootstrap(worth, truth, flagged, draws=draws, seed=seed)
        for key, sample in drawn.items():
            low, high = interval(sample)
            measures[key] = replace(measures[key], low=low, high=high)
    return measures


def image_auroc(
    labels: ArrayLike, scores: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Measure:
    """Return the AUROC with the interval that `image_metrics` gives it, without the others' cost.

    Raises as `image_metrics` does.
    """
    truth, values = checked(labels, scores)
    measure = auroc(truth, values)
    if not draws or min(np.bincount(truth, minlength=2)) < 2:
        return measure
    key = "image_auroc"
    worth = {key: IMAGE_METRICS[key]}
    low, high = interval(bootstrap(worth, truth, values, draws=draws, seed=seed)[key])
    return replace(measure, low=low, high=high)


def image_curves(labels: ArrayLike, scores: ArrayLike) -> dict[str, Curve]:
    """Return the `roc` and the `precision_recall` curve; none without both kinds of image."""
    truth, values = checked(labels, scores)
    if _missing(truth):
        return {}
    true, false, _ = _counts(truth, values)
    return ranked_curves(np.diff(true, prepend=0), np.diff(false, prepend=0))


def checked(
    labels: ArrayLike, scores: ArrayLike
) -> tuple[Int[np.ndarray, "item"], Float[np.ndarray, "item"]]:
    """Return labels and scores as arrays. Raises `DataError` if they cannot be measured."""
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.shape != values.shape or truth.ndim != 1:
        raise DataError(f"{truth.shape} labels do not go with {values.shape} scores.")
    if not np.isin(truth, (0, 1)).all():
        raise DataError("labels must be 0 (normal) or 1 (anomalous).")
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values))
        raise DataError(
            f"{len(bad)} of {len(values)} scores are NaN or infinite, the first at position "
            f"{bad[0]}. A metric of them would mean nothing; find out where they come from."
        )
    return truth.astype(np.int64), values


def _missing(truth: Int[np.ndarray, "item"]) -> str:
    if not truth.any():
        return "no anomalous item among the test items"
    return "" if not truth.all() else "no normal item among the test items"


def _counts(
    truth: Int[np.ndarray, "item"], values: Float[np.ndarray, "item"]
) -> tuple[
    Int[np.ndarray, "threshold"], Int[np.ndarray, "threshold"], Float[np.ndarray, "threshold"]
]:
    """Return true and false positives at every distinct score, from the largest down."""
    order = np.argsort(-values, kind="stable")
    values = values[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    true = np.cumsum(truth[order])[last_of_tie]
    return true, last_of_tie + 1 - true, values[last_of_tie]
