"""Detectors are compared on the same images, drawn together."""

import numpy as np
import pytest

from workbench.errors import DataError, SettingError
from workbench.evaluation.image_metrics import image_metrics
from workbench.evaluation.paired import paired_difference, paired_mean_difference


def detectors(count: int = 120, better: float = 0.0):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    shared = rng.standard_normal(count) + labels
    a = shared + better * labels + 0.1 * rng.standard_normal(count)
    return labels, a, shared + 0.1 * rng.standard_normal(count)


@pytest.mark.parametrize("metric", ["image_auroc", "image_ap", "image_f1_max", "image_fpr95"])
def test_the_value_is_the_difference_of_the_metrics(metric) -> None:
    labels, a, b = detectors(better=0.7)
    found = paired_difference(labels, a, b, metric)
    one, other = (image_metrics(labels, scores, draws=0)[metric] for scores in (a, b))
    assert found.value == pytest.approx(one.value - other.value, abs=1e-12)
    assert found.low <= found.value <= found.high


def test_pairing_makes_the_interval_narrower_than_either_detectors_own() -> None:
    labels, a, b = detectors()
    difference = paired_difference(labels, a, b)
    alone = image_metrics(labels, a)["image_auroc"]
    assert difference.low < 0 < difference.high
    assert difference.high - difference.low < (alone.high - alone.low) / 3
    better = paired_difference(*detectors(better=0.7))
    assert better.low > 0


def test_a_detector_does_not_differ_from_itself() -> None:
    labels, a, _ = detectors()
    found = paired_difference(labels, a, a * 2)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_swapping_the_detectors_turns_the_sign_and_order_changes_nothing() -> None:
    labels, a, b = detectors(better=0.3)
    order = np.random.default_rng(1).permutation(len(labels))
    found = paired_difference(labels, a, b)
    assert paired_difference(labels[order], a[order], b[order]) == found
    assert paired_difference(labels, b, a).value == -found.value


def test_what_cannot_be_compared_is_said() -> None:
    assert "no anomalous" in paired_difference([0, 0], [0, 1], [1, 0]).undefined
    with pytest.raises(SettingError, match="no image metric 'pixel_ap'"):
        paired_difference([0, 1], [0, 1], [1, 0], "pixel_ap")
    with pytest.raises(DataError):
        paired_difference([0, 1], [0, 1], [1, 0, 1])


def test_per_image_values_are_compared_image_by_image() -> None:
    rng = np.random.default_rng(0)
    a = rng.random(50)
    found = paired_mean_difference([*(a + 0.1), None], [*a, 0.5])
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1)
    assert paired_mean_difference([None], [0.5]).value is None
    with pytest.raises(DataError, match="not of the same images"):
        paired_mean_difference([0.1], [])
