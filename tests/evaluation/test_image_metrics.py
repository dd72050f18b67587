"""Image metrics equal scikit-learn's, with ties, and say when there is none."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics

from workbench.errors import DataError
from workbench.evaluation.image_metrics import auroc, average_precision, f1_max

scores = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(-1e6, 1e6))
items = st.lists(st.tuples(st.integers(0, 1), scores), min_size=2, max_size=60)


def split(items: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    labels, values = np.array([i[0] for i in items]), np.array([i[1] for i in items])
    assume(0 < labels.sum() < len(labels))
    return labels, values


@given(items)
def test_auroc_is_scikit_learns(items) -> None:
    labels, values = split(items)
    assert float(auroc(labels, values)) == pytest.approx(
        metrics.roc_auc_score(labels, values), abs=1e-12
    )


@given(items)
def test_average_precision_is_scikit_learns(items) -> None:
    labels, values = split(items)
    assert float(average_precision(labels, values)) == pytest.approx(
        metrics.average_precision_score(labels, values), abs=1e-12
    )


@given(items)
def test_f1_max_is_the_best_over_all_thresholds(items) -> None:
    labels, values = split(items)
    best = max(metrics.f1_score(labels, values >= t) for t in np.unique(values))
    found = f1_max(labels, values)
    assert float(found) == pytest.approx(best, abs=1e-12)
    assert metrics.f1_score(labels, values >= found.threshold) == pytest.approx(best, abs=1e-12)


@given(items)
def test_a_strictly_increasing_transform_changes_nothing(items) -> None:
    labels, values = split(items)
    ranks = np.unique(values, return_inverse=True)[1]
    stretched = np.exp(ranks / 10) * 1e-9
    for metric in (auroc, average_precision, f1_max):
        assert metric(labels, values).value == metric(labels, stretched).value


@given(items, st.randoms(use_true_random=False))
def test_the_order_of_the_items_changes_nothing(items, shuffle) -> None:
    before = [metric(*split(items)).value for metric in (auroc, average_precision, f1_max)]
    shuffle.shuffle(items)
    assert [metric(*split(items)).value for metric in (auroc, average_precision, f1_max)] == before


def test_constant_scores_give_one_half_and_the_prevalence() -> None:
    labels, constant = [0, 0, 0, 1], [0.3] * 4
    assert auroc(labels, constant).value == 0.5
    assert average_precision(labels, constant).value == 0.25


@pytest.mark.parametrize("metric", [auroc, average_precision, f1_max])
def test_one_kind_of_image_is_undefined_with_the_reason_and_not_zero(metric) -> None:
    assert metric([0, 0], [1.0, 2.0]).value is None
    assert "no anomalous" in metric([0, 0], [1.0, 2.0]).undefined
    assert "no normal" in metric([1, 1], [1.0, 2.0]).undefined
    assert metric([], []).value is None
    with pytest.raises(DataError, match="is undefined: no normal"):
        float(metric([1], [1.0]))


@pytest.mark.parametrize("metric", [auroc, average_precision, f1_max])
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
