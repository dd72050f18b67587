"""Metrics over images: exact, with ties, from raw scores.

Nothing is clamped or normalised. Equal to scikit-learn's definitions to 1e-12.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from workbench.errors import DataError
from workbench.evaluation.measure import Measure


def auroc(labels: ArrayLike, scores: ArrayLike, name: str = "image AUROC") -> Measure:
    """Return the area under the ROC curve: how often an anomaly scores above a normal.

    Ties count half. Undefined without both kinds. Raises `DataError` for NaN or infinity.

    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    image AUROC = 0.7500
    """
    definition = "area under the ROC curve, exact, ties count half"
    truth, values = _checked(labels, scores)
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
    truth, values = _checked(labels, scores)
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
    truth, values = _checked(labels, scores)
    missing = _missing(truth)
    if missing:
        return Measure(name, None, definition, undefined=missing)
    true, false, thresholds = _counts(truth, values)
    f1 = 2 * true / (true + false + true[-1])
    best = int(f1.argmax())
    return Measure(name, float(f1[best]), definition, threshold=float(thresholds[best]))


def image_metrics(labels: Sequence[int], scores: Sequence[float]) -> dict[str, Measure]:
    """Return `image_auroc`, `image_ap` and `image_f1_max`."""
    return {
        "image_auroc": auroc(labels, scores),
        "image_ap": average_precision(labels, scores),
        "image_f1_max": f1_max(labels, scores),
    }


def _checked(
    labels: ArrayLike, scores: ArrayLike
) -> tuple[Int[np.ndarray, "item"], Float[np.ndarray, "item"]]:
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
