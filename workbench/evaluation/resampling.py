"""Bootstrap of metrics over images: each kind is drawn again by itself, and keeps its number."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from workbench.evaluation import ranking
from workbench.intervals import DRAWS, stratified_weights

Worth = Callable[[np.ndarray, np.ndarray], np.ndarray]

IMAGE_METRICS: dict[str, Worth] = {
    "image_auroc": ranking.roc_area,
    "image_ap": ranking.precision_area,
    "image_f1_max": ranking.f1_peak,
    "image_fpr95": ranking.fpr_at_tpr,
}
"""Metrics that follow from the ranking, by key."""


def drawn_values(
    metrics: dict[str, Worth],
    truth: Int[np.ndarray, "image"],
    scores: Float[np.ndarray, "image"],
    weights: Float[np.ndarray, "draw image"],
) -> dict[str, Float[np.ndarray, "draw"]]:
    """Return the metrics of every draw."""
    order = np.argsort(-scores, kind="stable")
    kind, ranked = truth[order] == 1, scores[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=np.inf))
    taken = weights[:, order]
    true = np.add.reduceat(taken * kind, starts, axis=1)
    false = np.add.reduceat(taken * ~kind, starts, axis=1)
    return {name: worth(true, false) for name, worth in metrics.items()}


def bootstrap(
    metrics: dict[str, Worth],
    truth: Int[np.ndarray, "image"],
    scores: Float[np.ndarray, "image"],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Float[np.ndarray, "draw"]]:
    """Return the metrics of every draw of a stratified bootstrap over images.

    The images are put in the order of their scores first: the draws do not depend on the order in
    which they were given, nor on the unit of the scores.
    """
    order = np.lexsort((scores, truth))
    truth, scores = truth[order], scores[order]
    portions = [
        drawn_values(metrics, truth, scores, weights)
        for weights in stratified_weights(truth, draws, seed)
    ]
    return {
        name: np.concatenate([np.empty(0), *(portion[name] for portion in portions)])
        for name in metrics
    }
