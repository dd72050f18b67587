"""Over seeds a mean and a deviation, over categories a mean and the interval of that mean."""

import numpy as np
import pytest

from workbench.errors import DataError, SettingError
from workbench.evaluation.aggregate import category_seed, macro_images, macro_mean, over_seeds
from workbench.evaluation.image_metrics import image_metrics
from workbench.evaluation.measure import Measure


def test_seeds_give_mean_and_sample_deviation() -> None:
    found = over_seeds([0.8, 0.9, None, 1.0])
    assert (found.mean, found.count) == (pytest.approx(0.9), 3)
    assert found.sd == pytest.approx(np.std([0.8, 0.9, 1.0], ddof=1))
    assert over_seeds([0.8]).sd is None
    assert over_seeds([None]) is None


def category(seed: int):
    rng = np.random.default_rng(seed)
    labels = np.arange(40) % 2
    return labels, rng.standard_normal(40) + labels


def test_every_category_counts_the_same_and_more_of_them_narrow_the_interval() -> None:
    few, many = ({str(seed): category(seed) for seed in range(count)} for count in (2, 32))
    found = macro_images(many)
    each = [image_metrics(*data, draws=0)["image_auroc"].value for data in many.values()]
    assert found.value == pytest.approx(np.mean(each))
    assert found.low < found.value < found.high
    wider = macro_images(few)
    assert found.high - found.low == pytest.approx((wider.high - wider.low) / 4, rel=0.4)


def test_a_category_without_the_figure_is_left_out_and_named() -> None:
    known, unknown = Measure("AUROC", 0.5, "exact"), Measure("AUROC", None, "exact", "no anomaly")
    found = macro_mean({"bolt": known, "nut": unknown})
    assert found.value == 0.5
    assert "mean over 1 categories" in found.definition
    assert "undefined in nut" in found.definition
    assert macro_mean({"nut": unknown}).undefined == "undefined in every category"


def test_the_interval_needs_draws_of_every_category() -> None:
    two = {"a": Measure("AUROC", 0.5, "exact"), "b": Measure("AUROC", 0.7, "exact", bound=0.01)}
    draws = np.linspace(0.4, 0.6, 101)
    found = macro_mean(two, {"a": draws, "b": draws + 0.2})
    assert (found.low, found.high) == (pytest.approx(0.505), pytest.approx(0.695))
    assert found.bound == pytest.approx(0.005)
    assert macro_mean(two, {"a": draws}).low is None
    with pytest.raises(SettingError, match="different numbers"):
        macro_mean(two, {"a": draws, "b": draws[1:]})


def test_what_is_no_mean_is_refused() -> None:
    with pytest.raises(DataError, match="no category"):
        macro_mean({})
    with pytest.raises(DataError, match="not of A, B"):
        macro_mean({"x": Measure("A", 1.0, "a"), "y": Measure("B", 1.0, "b")})
    with pytest.raises(SettingError, match="no image metric"):
        macro_images({"a": category(0)}, "nonsense")


def test_categories_have_seeds_of_their_own() -> None:
    assert category_seed(0, "bolt") == category_seed(0, "bolt") != category_seed(1, "bolt")
