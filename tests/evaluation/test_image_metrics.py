"""Image metrics equal scikit-learn's, with ties, and say when there is none."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from workbench.errors import DataError
from workbench.evaluation.image_metrics import (
    auroc,
    average_precision,
    balanced_accuracy,
    f1_max,
    fpr_at_95,
    image_auroc,
    image_curves,
    image_metrics,
)
from workbench.evaluation.threshold import Threshold

ALL = (auroc, average_precision, f1_max, fpr_at_95)
AT = Threshold(0.5, 0.05, "conformal", 19, "above all 19 held-out support images")

scores = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(-1e6, 1e6))
items = st.lists(st.tuples(st.integers(0, 1), scores), min_size=2, max_size=60)


def split(items: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    labels, values = np.array([i[0] for i in items]), np.array([i[1] for i in items])
    assume(0 < labels.sum() < len(labels))
    return labels, values


@settings(deadline=None)
@given(items)
def test_auroc_is_scikit_learns(items) -> None:
    labels, values = split(items)
    assert float(auroc(labels, values)) == pytest.approx(
        metrics.roc_auc_score(labels, values), abs=1e-12
    )


@settings(deadline=None)
@given(items)
def test_average_precision_is_scikit_learns(items) -> None:
    labels, values = split(items)
    assert float(average_precision(labels, values)) == pytest.approx(
        metrics.average_precision_score(labels, values), abs=1e-12
    )


@settings(deadline=None)
@given(items)
def test_f1_max_is_the_best_over_all_thresholds(items) -> None:
    labels, values = split(items)
    best = max(metrics.f1_score(labels, values >= t) for t in np.unique(values))
    found = f1_max(labels, values)
    assert float(found) == pytest.approx(best, abs=1e-12)
    assert metrics.f1_score(labels, values >= found.threshold) == pytest.approx(best, abs=1e-12)


@settings(deadline=None)
@given(items)
def test_a_strictly_increasing_transform_changes_nothing(items) -> None:
    labels, values = split(items)
    ranks = np.unique(values, return_inverse=True)[1]
    stretched = np.exp(ranks / 10) * 1e-9
    for metric in ALL:
        assert metric(labels, values).value == metric(labels, stretched).value


@settings(deadline=None)
@given(items, st.randoms(use_true_random=False))
def test_the_order_of_the_items_changes_nothing(items, shuffle) -> None:
    before = [metric(*split(items)).value for metric in ALL]
    shuffle.shuffle(items)
    assert [metric(*split(items)).value for metric in ALL] == before


def test_constant_scores_give_one_half_and_the_prevalence() -> None:
    labels, constant = [0, 0, 0, 1], [0.3] * 4
    assert auroc(labels, constant).value == 0.5
    assert average_precision(labels, constant).value == 0.25


@pytest.mark.parametrize("metric", ALL)
def test_one_kind_of_image_is_undefined_with_the_reason_and_not_zero(metric) -> None:
    assert metric([0, 0], [1.0, 2.0]).value is None
    assert "no anomalous" in metric([0, 0], [1.0, 2.0]).undefined
    assert "no normal" in metric([1, 1], [1.0, 2.0]).undefined
    assert metric([], []).value is None
    with pytest.raises(DataError, match="is undefined: no normal"):
        float(metric([1], [1.0]))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_raise(metric, bad) -> None:
    with pytest.raises(DataError, match=r"1 of 3 scores are NaN or infinite, the first at .* 1"):
        metric([0, 1, 1], [0.0, bad, 1.0])


def test_labels_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="labels must be 0"):
        auroc([0, 2], [0.0, 1.0])
    with pytest.raises(DataError, match="labels do not go with"):
        auroc([0, 1, 1], [0.0, 1.0])


def test_every_figure_carries_its_definition() -> None:
    found = f1_max([0, 1], [0.0, 1.0])
    assert "oracle" in found.definition
    assert found.to_dict() == {"value": 1.0, "definition": found.definition, "threshold": 1.0}
    assert repr(auroc([0, 0], [0.0, 1.0])).startswith("image AUROC undefined: no anomalous")


@settings(deadline=None)
@given(items)
def test_fpr95_is_the_least_false_alarms_that_find_95_percent(items) -> None:
    labels, values = split(items)
    enough = [t for t in values if (values[labels == 1] >= t).mean() >= 0.95]
    expected = min((values[labels == 0] >= t).mean() for t in enough)
    found = fpr_at_95(labels, values)
    assert float(found) == pytest.approx(expected, abs=1e-12)
    assert (values[labels == 1] >= found.threshold).mean() >= 0.95


@settings(deadline=None)
@given(items)
def test_balanced_accuracy_is_scikit_learns_at_the_threshold(items) -> None:
    labels, values = split(items)
    expected = metrics.balanced_accuracy_score(labels, values >= AT.value)
    found = balanced_accuracy(labels, values, AT)
    assert float(found) == pytest.approx(expected, abs=1e-12)
    assert "conformal" in found.definition
    assert balanced_accuracy(labels, values, None).value is None


def drawn(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    return labels, rng.standard_normal(count) + labels


def test_all_image_metrics_come_with_intervals_that_hold_them() -> None:
    found = image_metrics(*drawn(0), threshold=AT)
    assert list(found) == [
        "image_auroc",
        "image_ap",
        "image_f1_max",
        "image_fpr95",
        "image_balanced_accuracy",
    ]
    for measure in found.values():
        assert measure.low <= measure.value <= measure.high
        assert measure.high - measure.low < 0.6
    more = image_metrics(*drawn(0, 6000), draws=200)["image_auroc"]
    assert more.high - more.low < 0.1 * (found["image_auroc"].high - found["image_auroc"].low) * 2


def test_the_intervals_are_those_of_drawing_images_again_kind_by_kind() -> None:
    labels, values = drawn(1)
    rng = np.random.default_rng(5)
    kinds = [values[labels == kind] for kind in (0, 1)]
    again = []
    for _ in range(1500):
        parts = [rng.choice(kind, len(kind)) for kind in kinds]
        again.append(metrics.roc_auc_score(np.repeat([0, 1], 30), np.concatenate(parts)))
    found = image_metrics(labels, values, draws=1500)["image_auroc"]
    assert [found.low, found.high] == pytest.approx(np.percentile(again, [2.5, 97.5]), abs=0.015)


def test_intervals_depend_on_the_seed_and_not_on_order_or_unit() -> None:
    labels, values = drawn(2)
    order = np.random.default_rng(0).permutation(len(labels))
    first = image_metrics(labels, values, seed=1)
    assert image_metrics(labels[order], values[order], seed=1) == first
    assert image_metrics(labels, values, seed=2)["image_auroc"].low != first["image_auroc"].low
    scaled = image_metrics(labels, 8 * values, seed=1)
    assert [m.low for m in scaled.values()] == [m.low for m in first.values()]


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 1, 0], [0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]])
def test_the_auroc_alone_is_the_one_among_all_metrics(labels) -> None:
    scores = [0.1, 0.5, 0.4, 0.9, 0.9, 0.2]
    assert (
        image_auroc(labels, scores, seed=3) == image_metrics(labels, scores, seed=3)["image_auroc"]
    )


def test_a_kind_with_one_image_has_no_interval() -> None:
    found = image_metrics([0, 0, 1], [0.0, 1.0, 2.0])["image_auroc"]
    assert (found.value, found.low, found.high) == (1.0, None, None)
    assert image_metrics(*drawn(0), draws=0)["image_ap"].low is None


def test_the_image_curves_are_scikit_learns() -> None:
    labels, values = drawn(3)
    curves = image_curves(labels, values)
    x, y, _ = metrics.roc_curve(labels, values, drop_intermediate=False)
    assert curves["roc"].x == pytest.approx(x)
    assert curves["roc"].y == pytest.approx(y)
    precision, recall, _ = metrics.precision_recall_curve(labels, values)
    assert curves["precision_recall"].y == pytest.approx(precision[:-1][::-1])
    assert curves["precision_recall"].x == pytest.approx(recall[:-1][::-1])
    assert image_curves([1, 1], [0.0, 1.0]) == {}
