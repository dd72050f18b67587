"""Bootstrap over images: each kind is drawn again by itself, so its number stays the same."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float, Int

from workbench.evaluation import ranking

DRAWS = 1000
LEVEL = 95
"""Per cent of the draws that an interval holds."""

_CELLS = 1 << 21  # draws x images held at once

Worth = Callable[[np.ndarray, np.ndarray], np.ndarray]

IMAGE_METRICS: dict[str, Worth] = {
    "image_auroc": ranking.roc_area,
    "image_ap": ranking.precision_area,
    "image_f1_max": ranking.f1_peak,
    "image_fpr95": ranking.fpr_at_tpr,
}
"""Metrics that follow from the ranking, by key."""


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
