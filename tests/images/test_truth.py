"""Ground truth is the union of an image's masks, and unknown where nobody says it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.images.layout_builders import mask
from workbench.errors import DataError
from workbench.images.decode import open_mask
from workbench.images.samples import Sample
from workbench.images.truth import touched_patches, true_mask


def sample(label: int | None, *masks: Path, above: int = 0) -> Sample:
    return Sample(Path("a.png"), "test", label, "x", masks, mask_above=above)


def test_masks_are_united_at_their_own_size(tmp_path: Path) -> None:
    one, two = mask(tmp_path / "1.png", 1), mask(tmp_path / "2.png", 236, corner=(1, 1))
    found = true_mask(sample(1, one, two), (99, 99))
    assert found.shape == (10, 12)
    assert np.array_equal(found, open_mask(one) | open_mask(two))


def test_a_normal_image_is_normal_everywhere(tmp_path: Path) -> None:
    found = true_mask(sample(0), (3, 4))
    assert (found.shape, found.any()) == ((3, 4), False)


def test_nobody_knows_where_an_image_without_label_mask_or_pixels_in_it_is_anomalous(tmp_path):
    grey = mask(tmp_path / "grey.png", 127)
    assert true_mask(sample(None), (3, 4)) is None
    assert true_mask(sample(1), (3, 4)) is None
    assert true_mask(sample(1, grey, above=127), (10, 12)) is None
    assert true_mask(sample(1, grey, above=126), (10, 12)).sum() == 9


def test_masks_of_other_sizes_are_named(tmp_path: Path) -> None:
    one, two = mask(tmp_path / "1.png"), mask(tmp_path / "2.png", size=(5, 4))
    with pytest.raises(DataError, match=r"2.png is 5 x 4 pixels and .*1.png is 12 x 10"):
        true_mask(sample(1, one, two), (10, 12))


def test_a_one_bit_mask_is_above_127_where_it_is_white(tmp_path: Path) -> None:
    Image.new("1", (3, 2), 1).save(tmp_path / "bits.png")
    assert open_mask(tmp_path / "bits.png", above=127).all()


def test_a_pixel_on_the_border_of_two_patches_touches_both():
    mask = np.zeros((10, 10), bool)
    mask[7, 6] = True
    assert np.argwhere(touched_patches(mask, (3, 3))).tolist() == [[2, 1], [2, 2]]


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda shape: arrays(bool, shape)),
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
)
def test_a_patch_is_touched_if_any_pixel_that_it_covers_in_part_is_anomalous(mask, grid):
    def covered(index: int, side: int, count: int) -> list[int]:
        low, high = index * side / count, (index + 1) * side / count
        return [pixel for pixel in range(side) if pixel < high - 1e-9 and pixel + 1 > low + 1e-9]

    expected = [
        [
            mask[
                np.ix_(covered(r, mask.shape[0], grid[0]), covered(c, mask.shape[1], grid[1]))
            ].any()
            for c in range(grid[1])
        ]
        for r in range(grid[0])
    ]
    assert touched_patches(mask, grid).tolist() == expected
