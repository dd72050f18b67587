"""Checks of notebook 05: AUROC, a threshold without labels, per-region overlap and its area."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from workbench.course.checked import Wrong, called, check, numbers
from workbench.errors import SettingError
from workbench.evaluation.image_metrics import auroc
from workbench.evaluation.ranking import pro_area
from workbench.evaluation.regions import pixel_weights
from workbench.evaluation.threshold import conformal_threshold

_CLOSE = 1e-9


@check("5.1")
def auroc_by_hand(function: Any) -> str:
    """Compare with the library's AUROC, on scores with and without ties, in any order."""
    rng = np.random.default_rng(51)
    labels = rng.permutation(np.repeat([0, 1], [11, 7]))
    distinct = rng.random(18) + 0.4 * labels
    tied = rng.integers(0, 4, 18) + labels
    for scores, what in ((distinct, "distinct scores"), (tied, "scores with ties")):
        found = float(numbers(called(function, labels.copy(), scores.copy()), like=()))
        wanted = float(auroc(labels, scores))
        if _near(found, wanted):
            continue
        if not 0 <= found <= 1:
            raise Wrong(f"for {what} yours is {found:.3g}; a share lies between 0 and 1.")
        if _near(found, 1 - wanted):
            raise Wrong("yours says how often the normal image scores higher: turn it round.")
        normal, anomalous = scores[labels == 0], scores[labels == 1]
        higher = (anomalous[:, None] > normal).mean()
        if _near(found, higher) or _near(found, (anomalous[:, None] >= normal).mean()):
            counted = "not at all" if _near(found, higher) else "as won"
            raise Wrong(f"pairs with equal scores count {counted} in yours; they count half.")
        raise Wrong(f"for {what} yours is not the share of pairs that the anomalous image wins.")
    worst = float(numbers(called(function, np.array([0, 1, 1]), np.zeros(3)), like=()))
    if not _near(worst, 0.5):
        raise Wrong(f"a detector that gives every image the same score has 0.5, and yours {worst}.")
    return "your AUROC is the library's, ties included."


@check("5.2")
def threshold_by_hand(function: Any) -> str:
    """Ask what a threshold promises: how likely a new normal image lies above it."""
    rng = np.random.default_rng(52)
    for count, alpha in ((19, 0.05), (39, 0.05), (16, 0.2), (4, 0.05), (9, 0.1)):
        scores = rng.normal(3, 1, count)
        answer = called(function, scores.copy(), alpha)
        try:
            found = float(answer)
        except (TypeError, ValueError) as error:
            kind = type(answer).__name__
            raise Wrong(f"what your function returns is a {kind}; a number is expected.") from error
        if math.isnan(found):
            raise Wrong("your threshold is NaN: no image lies above it, and none below.")
        above = int((scores > found).sum())
        chance = 0.0 if math.isinf(found) and found > 0 else (above + 1) / (count + 1)
        case = f"from {count} held-out images, at alpha {alpha:g},"
        if chance > alpha + _CLOSE:
            raise Wrong(
                f"{case} a new normal image lies above your threshold with a probability of "
                f"{chance:.3g}: the new image is one of {count + 1}, and may be the highest."
            )
        if above < _allowed_above(scores, alpha):
            raise Wrong(f"{case} yours keeps the promise, and a lower threshold keeps it as well.")
        if math.isinf(found) and _possible(scores, alpha):
            raise Wrong(f"{case} yours flags nothing at all, and a finite threshold is possible.")
    return "your threshold keeps the promise, and no lower one of the held-out scores does."


@check("5.3")
def overlap_by_hand(function: Any) -> str:
    """Compare with the library's regions, on masks whose regions differ in size and touch."""
    maps, masks = _planted()
    threshold = 2.0
    answer = called(function, [m.copy() for m in maps], [m.copy() for m in masks], threshold)
    pair = numbers(answer, like=(2,), what="what your function returns")
    rate, overlap = float(pair[0]), float(pair[1])
    found = [m >= threshold for m in maps]
    false = [hit & ~mask for hit, mask in zip(found, masks, strict=True)]
    normal = sum(int((~mask).sum()) for mask in masks)
    alarms = sum(int(one.sum()) for one in false)
    if _near(rate, _overlap(found, masks)) and not _near(rate, overlap):
        raise Wrong("you return the overlap first: the false positive rate comes first.")
    if not _near(rate, alarms / normal):
        if _near(rate, alarms / sum(mask.size for mask in masks)):
            raise Wrong("your rate is over all pixels; it is over the normal pixels only.")
        if _near(
            rate,
            float(np.mean([one.sum() / (~m).sum() for one, m in zip(false, masks, strict=True)])),
        ):
            raise Wrong("you average the images' rates; all normal pixels count the same.")
        raise Wrong("your false positive rate is not the share of normal pixels that are found.")
    _check_overlap(overlap, maps, masks, threshold)
    return "your overlap and your rate are the library's, region by region."


@check("5.4")
def area_by_hand(function: Any) -> str:
    """Compare with the library's area, for limits at, between and after the points of a curve."""
    rng = np.random.default_rng(54)
    overlap, false = rng.integers(0, 9, 12), rng.integers(1, 30, 12)
    fpr = np.append(0.0, np.cumsum(false) / false.sum())
    pro = np.append(0.0, np.cumsum(overlap) / overlap.sum())
    for limit in (float(fpr[4]), float(fpr[4] + fpr[5]) / 2, 1.0):
        answer = called(function, fpr.copy(), pro.copy(), limit)
        found, wanted = float(numbers(answer, like=())), float(pro_area(overlap, false, limit))
        if _near(found, wanted):
            continue
        inside = fpr <= limit
        if _near(found, wanted * limit):
            raise Wrong("yours is the plain area: a curve that is 1 everywhere has to have 1.")
        if _near(found * limit, np.trapezoid(pro[inside], fpr[inside])):
            raise Wrong("yours ends at the last point before the limit, and the curve goes on.")
        if _near(found, np.trapezoid(pro, fpr)):
            raise Wrong("yours is the whole area: the limit changes nothing.")
        raise Wrong(f"with a limit of {limit:.3g} yours is not the mean height up to the limit.")
    return "your area is the library's, wherever the limit falls."


def _near(found: float, wanted: Any) -> bool:
    return bool(abs(found - float(wanted)) <= _CLOSE)


def _possible(scores: Float[np.ndarray, "normal"], alpha: float) -> bool:
    try:
        conformal_threshold(scores, alpha)
    except SettingError:
        return False
    return True


def _allowed_above(scores: Float[np.ndarray, "normal"], alpha: float) -> int:
    """Return how many held-out scores lie above the library's threshold; 0 if there is none."""
    if not _possible(scores, alpha):
        return 0
    return int((scores >= conformal_threshold(scores, alpha).value).sum())


def _planted() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return three maps with few distinct scores, and masks: two regions, three, none.

    Regions differ in size, two pixels of one touch by a corner, and sizes of images differ.
    """
    rng = np.random.default_rng(53)
    masks = [np.zeros(size, bool) for size in ((12, 10), (9, 14), (6, 6))]
    masks[0][1:7, 1:6] = True
    masks[0][9, 8] = True
    masks[1][0:2, 0:3] = True
    masks[1][4, 6] = masks[1][5, 7] = True
    masks[1][7:9, 10:14] = True
    maps = [rng.integers(0, 4, mask.shape) + 1.0 * mask for mask in masks]
    maps[1][4, 6], maps[1][5, 7] = 3.0, 0.0
    return maps, masks


def _overlap(found: list[np.ndarray], masks: list[np.ndarray]) -> float:
    weights = [pixel_weights(mask) for mask in masks]
    hit = sum(float(w[h[m]].sum()) for w, h, m in zip(weights, found, masks, strict=True))
    return hit / sum(float(w.sum()) for w in weights)


def _check_overlap(
    answer: float, maps: list[np.ndarray], masks: list[np.ndarray], threshold: float
) -> None:
    """Raise `Wrong`, naming the mistake, unless the overlap is the library's."""
    found = [m >= threshold for m in maps]
    if _near(answer, _overlap(found, masks)):
        return
    if _near(answer, _overlap([m > threshold for m in maps], masks)):
        raise Wrong("pixels that lie exactly at the threshold are found as well.")
    every = [_regions(h, m, np.ones((3, 3))) for h, m in zip(found, masks, strict=True)]
    if _near(answer, np.mean([np.mean(shares) for shares in every if shares])):
        raise Wrong("you average within each image first; every region counts the same.")
    four = [s for h, m in zip(found, masks, strict=True) for s in _regions(h, m, None)]
    if _near(answer, np.mean(four)):
        raise Wrong("pixels that touch by a corner belong to one region, and yours parts them.")
    hits = sum(int((h & m).sum()) for h, m in zip(found, masks, strict=True))
    if _near(answer, hits / sum(int(mask.sum()) for mask in masks)):
        raise Wrong("yours counts pixels, so that large regions count more than small ones.")
    raise Wrong("the rate is right, but the overlap is not the mean over all regions.")


def _regions(
    found: Bool[np.ndarray, "height width"],
    mask: Bool[np.ndarray, "height width"],
    structure: np.ndarray | None,
) -> list[float]:
    """Return the share of each region that is found; without `structure` corners part regions."""
    named, count = ndimage.label(mask, structure=structure)
    return [float(found[named == number].mean()) for number in range(1, count + 1)]
