"""Thresholds come from normal images alone, and promise no more than these can keep."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workbench.errors import DataError, SettingError
from workbench.evaluation.threshold import conformal_threshold


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 200), st.floats(0.01, 0.5), st.integers(0, 1000))
def test_the_threshold_is_the_conformal_p_value_at_alpha(count, alpha, seed) -> None:
    scores = np.random.default_rng(seed).integers(0, 30, count).astype(float)
    whole = alpha * (count + 1)
    assume(abs(whole - round(whole)) > 1e-6)  # there rounding decides
    if whole < 1:
        with pytest.raises(SettingError, match=rf"1 / {count + 1}"):
            conformal_threshold(scores, alpha)
        return
    found = conformal_threshold(scores, alpha)
    assert found.kind == "conformal"
    assert found.images == count
    for new in np.arange(-1, 31):
        p_value = (1 + np.sum(scores >= new)) / (count + 1)
        assert (new >= found.value) == (p_value <= alpha + 1e-9)


def test_new_normal_images_are_flagged_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(0)
    rates = [
        (rng.standard_normal(200) >= conformal_threshold(rng.standard_normal(19)).value).mean()
        for _ in range(500)
    ]
    assert 0.04 < np.mean(rates) < 0.06


@pytest.mark.parametrize("count", [1, 3, 18])
def test_too_few_images_are_refused_or_marked(count) -> None:
    scores = np.random.default_rng(count).standard_normal(count)
    with pytest.raises(SettingError, match="support images, a larger alpha"):
        conformal_threshold(scores)
    found = conformal_threshold(scores, heuristic=True)
    assert found.kind == "heuristic"
    assert found.value > scores.max()
    assert "at least 19 images" in found.description


def test_the_smallest_alpha_of_nineteen_images_is_one_in_twenty() -> None:
    scores = np.arange(19.0)
    found = conformal_threshold(scores, 0.05, heuristic=True)
    assert found.kind == "conformal"
    assert found.value == math.nextafter(18.0, math.inf)
    with pytest.raises(SettingError):
        conformal_threshold(scores, 0.049)


def test_a_stricter_alpha_never_lowers_the_threshold() -> None:
    scores = np.random.default_rng(0).standard_normal(40)
    values = [
        conformal_threshold(scores, alpha, heuristic=True).value
        for alpha in (0.4, 0.2, 0.1, 0.05, 0.03, 0.01, 0.001)
    ]
    assert values == sorted(values)


def test_copies_of_one_image_promise_nothing() -> None:
    scores = np.linspace(0, 1, 40)
    with pytest.raises(SettingError, match="40 scores of 1 images"):
        conformal_threshold(scores, images=1)
    found = conformal_threshold(scores, images=1, heuristic=True)
    assert (found.kind, found.images) == ("heuristic", 1)


def test_nothing_nan_and_impossible_shares_are_refused() -> None:
    with pytest.raises(DataError, match="needs scores"):
        conformal_threshold(np.empty(0))
    with pytest.raises(DataError, match="NaN"):
        conformal_threshold(np.array([0.0, math.nan]))
    for alpha in (0.0, 1.0, -1.0):
        with pytest.raises(SettingError, match="between 0 and 1"):
            conformal_threshold(np.zeros(50), alpha)


def test_it_becomes_plain_data() -> None:
    assert conformal_threshold(np.arange(19.0)).to_dict()["kind"] == "conformal"
