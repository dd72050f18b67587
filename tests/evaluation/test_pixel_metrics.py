"""The pixel AUROC is that of all pixels of all images, at mask resolution."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from workbench.errors import DataError
from workbench.evaluation.pixel_metrics import PixelScores

sizes = st.tuples(st.integers(1, 8), st.integers(1, 8))


@given(st.lists(sizes, min_size=1, max_size=5), st.integers(0, 1000), st.integers(1, 20))
def test_it_is_scikit_learns_over_the_pixels_of_all_images(sizes, seed, levels) -> None:
    rng = np.random.default_rng(seed)
    maps = [(rng.integers(0, levels, size) / levels).astype(np.float32) for size in sizes]
    masks = [rng.random(size) < 0.4 for size in sizes]
    truth = np.concatenate([mask.ravel() for mask in masks])
    assume(0 < truth.sum() < len(truth))
    pixels = PixelScores()
    for scores, mask in zip(maps, masks, strict=True):
        pixels.add(scores, mask, "image")
    expected = roc_auc_score(truth, np.concatenate([scores.ravel() for scores in maps]))
    assert float(pixels.auroc()) == pytest.approx(expected, abs=1e-12)


def scored(mask: np.ndarray | None) -> PixelScores:
    pixels = PixelScores("smoothed")
    pixels.add(np.arange(4, dtype=np.float32).reshape(2, 2), mask, "001.png")
    return pixels


def test_what_is_missing_makes_it_undefined_with_the_reason() -> None:
    assert "no anomalous pixel" in scored(np.zeros((2, 2), bool)).auroc().undefined
    assert "no normal pixel" in scored(np.ones((2, 2), bool)).auroc().undefined
    assert "1 anomalous images have no mask" in scored(None).auroc().undefined
    assert PixelScores().auroc().value is None


def test_the_definition_says_the_resolution_and_the_smoothing() -> None:
    definition = scored(np.zeros((2, 2), bool)).auroc().definition
    assert "images' own size" in definition
    assert "smoothed" in definition


def test_a_mask_of_another_size_and_nan_are_named() -> None:
    with pytest.raises(DataError, match=r"001\.png: the map is \(2, 2\) and the mask \(3, 2\)"):
        scored(np.zeros((3, 2), bool))
    with pytest.raises(DataError, match=r"a\.png: the map holds NaN"):
        PixelScores().add(np.full((1, 1), np.nan, np.float32), np.ones((1, 1), bool), "a.png")
