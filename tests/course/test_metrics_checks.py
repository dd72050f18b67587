"""The checks of notebook 05: right answers pass, and each plausible mistake is named."""

import math

import numpy as np
import pytest
from scipy import ndimage

from workbench.course import metrics as checks


def auroc(labels, scores, tie=0.5):
    normal, anomalous = scores[labels == 0], scores[labels == 1]
    gap = anomalous[:, None] - normal
    return ((gap > 0) + tie * (gap == 0)).mean()


def threshold(scores, alpha):
    allowed = math.floor(alpha * (len(scores) + 1) + 1e-9)
    return np.sort(scores)[-allowed] if allowed else math.inf


def overlap(maps, masks, at, structure=((1, 1, 1),) * 3, above=np.greater_equal, by_image=False):
    shares, false, normal = [], 0, 0
    for scores, mask in zip(maps, masks, strict=True):
        found = above(scores, at)
        false, normal = false + (found & ~mask).sum(), normal + (~mask).sum()
        named, count = ndimage.label(mask, structure)
        own = [found[named == number].mean() for number in range(1, count + 1)]
        shares += [np.mean(own)] if by_image and own else own
    return false / normal, np.mean(shares)


def area(fpr, pro, limit):
    inside = fpr < limit
    x = np.append(fpr[inside], limit)
    y = np.append(pro[inside], np.interp(limit, fpr, pro))
    return np.trapezoid(y, x) / limit


def by_pixel(maps, masks, at):
    rate, _ = overlap(maps, masks, at)
    hits = sum((m[mask] >= at).sum() for m, mask in zip(maps, masks, strict=True))
    return rate, hits / sum(mask.sum() for mask in masks)


def over_all_pixels(maps, masks, at):
    false = sum(((m >= at) & ~mask).sum() for m, mask in zip(maps, masks, strict=True))
    return false / sum(mask.size for mask in masks), overlap(maps, masks, at)[1]


def over_images(maps, masks, at):
    rates = [(m[~mask] >= at).mean() for m, mask in zip(maps, masks, strict=True)]
    return np.mean(rates), overlap(maps, masks, at)[1]


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.auroc_by_hand, auroc),
        (checks.auroc_by_hand, lambda labels, scores: float(auroc(labels, scores))),
        (checks.threshold_by_hand, threshold),
        (checks.overlap_by_hand, overlap),
        (checks.area_by_hand, area),
    ],
)
def test_right_answers_pass(check, answer):
    found = check(answer)
    assert found.passed, found.message


@pytest.mark.parametrize(
    ("check", "answer", "says"),
    [
        (checks.auroc_by_hand, lambda labels, s: auroc(labels, s, tie=0), "count not at all"),
        (checks.auroc_by_hand, lambda labels, s: auroc(labels, s, tie=1), "count as won"),
        (checks.auroc_by_hand, lambda labels, s: 1 - auroc(labels, s), "turn it round"),
        (checks.auroc_by_hand, lambda labels, s: 100 * auroc(labels, s), "between 0 and 1"),
        (checks.auroc_by_hand, lambda labels, s: ((s > s.mean()) == labels).mean(), "of pairs"),
        (checks.threshold_by_hand, lambda s, alpha: np.quantile(s, 1 - alpha), "one of 20"),
        (checks.threshold_by_hand, lambda s, alpha: s.max() if len(s) < 20 else math.inf, "lower"),
        (checks.threshold_by_hand, lambda s, alpha: s.max() + 1, "lower"),
        (checks.threshold_by_hand, lambda s, alpha: math.inf, "finite"),
        (checks.threshold_by_hand, lambda s, alpha: math.nan, "NaN"),
        (checks.threshold_by_hand, lambda s, alpha: "high", "number"),
        (checks.overlap_by_hand, lambda *a: overlap(*a, structure=None), "corner"),
        (checks.overlap_by_hand, lambda *a: (overlap(*a)[0], by_pixel(*a)[1]), "counts pixels"),
        (checks.overlap_by_hand, lambda *a: overlap(*a, by_image=True), "within each image"),
        (checks.overlap_by_hand, over_all_pixels, "over all pixels"),
        (checks.overlap_by_hand, over_images, "average the images' rates"),
        (checks.overlap_by_hand, lambda *a: overlap(*a)[::-1], "comes first"),
        (
            checks.overlap_by_hand,
            lambda *a: (overlap(*a)[0], overlap(*a, above=np.greater)[1]),
            "exactly at",
        ),
        (checks.overlap_by_hand, lambda *a: (overlap(*a)[0], 0.123), "mean over all regions"),
        (checks.overlap_by_hand, lambda *a: 0.5, "shape"),
        (checks.area_by_hand, lambda x, y, limit: area(x, y, limit) * limit, "plain area"),
        (
            checks.area_by_hand,
            lambda x, y, limit: np.trapezoid(y[x <= limit], x[x <= limit]) / limit,
            "curve goes on",
        ),
        (checks.area_by_hand, lambda x, y, limit: np.trapezoid(y, x), "limit changes nothing"),
        (checks.area_by_hand, lambda x, y, limit: y[x <= limit].mean(), "mean height"),
    ],
)
def test_a_plausible_mistake_is_named(check, answer, says):
    found = check(answer)
    assert not found.passed
    assert says in found.message


@pytest.mark.parametrize(
    "check",
    [
        checks.auroc_by_hand,
        checks.threshold_by_hand,
        checks.overlap_by_hand,
        checks.area_by_hand,
    ],
)
def test_what_is_not_filled_in_or_fails_gets_one_message(check):
    def fails(*_):
        raise KeyError("mine")

    for answer in (None, ..., lambda *_: None, lambda *_: ...):
        assert not check(answer).passed
        assert check(answer).message.startswith("not yet")
    assert "KeyError" in check(fails).message
    assert "\n" not in check(fails).message
