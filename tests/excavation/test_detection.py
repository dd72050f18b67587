"""A detection explains itself: map, peak, shares, nearest normal patch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import SettingError
from workbench.excavation.excavate import excavate


@pytest.fixture(scope="module")
def excavation(dataset, model):
    return excavate(dataset, model, k=8)


@pytest.fixture(scope="module")
def detection(dataset, excavation):
    return next(excavation.score(dataset.samples[-1]))


@pytest.mark.parametrize(
    "choices",
    [{}, {"neighbours": 3}, {"metric": "squared_euclidean"}, {"normality": "moments"}],
)
def test_shares_sum_to_the_raw_visual_score_of_every_patch(dataset, model, choices) -> None:
    excavation = excavate(dataset, model, k=8, **choices)
    for detection in excavation.score(dataset.samples, batch_size=3):
        for row, column in np.ndindex(detection.visual.shape):
            shares = detection.shares(row, column)
            assert shares.shape == (8,)
            assert (shares >= 0).all()
            total = shares.astype(np.float64).sum()
            assert total == pytest.approx(float(detection.visual[row, column]), rel=1e-5)


def test_the_map_has_the_images_own_size_or_the_one_asked_for(detection) -> None:
    assert detection.size == (36, 44)
    assert detection.map().shape == (36, 44)
    assert detection.map((7, 9)).shape == (7, 9)
    assert not np.array_equal(detection.map(), detection.map(branch="visual"))
    with pytest.raises(SettingError, match="no branch 'both': there are fused, visual, text"):
        detection.map(branch="both")


def test_the_score_is_taken_at_the_peak_before_upsampling(detection) -> None:
    assert detection.fused[detection.peak] == detection.score
    assert detection.map().max() <= detection.score


def test_the_strongest_neurons_are_named_by_their_index_at_the_site(detection, excavation) -> None:
    strongest = detection.strongest(most=3)
    shares = dict(zip(excavation.neurons.indices, detection.shares(*detection.peak), strict=True))
    assert [share for _, share in strongest] == sorted(shares.values(), reverse=True)[:3]
    assert all(shares[index] == share for index, share in strongest)


def test_a_support_image_is_nearest_to_itself(dataset, excavation) -> None:
    sample = dataset.samples[1]
    (detection,) = excavation.score(sample)
    assert detection.visual.max() < 1e-6
    place = detection.nearest(2, 3)
    assert (place.image, place.row, place.column) == (sample.name, 2, 3)


def test_moments_have_no_nearest_patch(dataset, model) -> None:
    (detection,) = excavate(dataset, model, k=8, normality="moments").score(dataset.samples[0])
    assert detection.nearest(0, 0) is None


@given(st.integers(-9, 9), st.integers(-9, 9))
@settings(deadline=None)
def test_a_patch_outside_the_grid_is_refused(detection, row, column) -> None:
    if 0 <= row < 4 and 0 <= column < 4:
        detection.shares(row, column)
    else:
        with pytest.raises(SettingError, match="the grid has 4 rows and 4 columns"):
            detection.shares(row, column)


def test_the_colour_scale_is_fixed_by_the_support(excavation) -> None:
    low, high = excavation.display_range()
    fused = excavation.fusion()(excavation.held_out.visual, excavation.held_out.text)
    assert low == pytest.approx(float(fused.median()))
    assert (low + high) / 2 == pytest.approx(float(fused.max()), rel=1e-5)
    assert excavation.held_out_scores == pytest.approx(fused.amax(1).tolist())
    assert excavation.display_range("visual") != (low, high)
    with pytest.raises(SettingError, match="no branch"):
        excavation.display_range("both")
