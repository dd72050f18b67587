"""Crops show the pixels that a patch was computed from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workbench.errors import DataError, SettingError
from workbench.images.stream import Picture
from workbench.recording.crops import crop, patch_box


def mosaic(rows: int, columns: int, side: int = 10) -> Picture:
    """Each patch has its own shade."""
    shades = np.arange(rows * columns, dtype=np.uint8).reshape(rows, columns) * 7
    pixels = np.kron(shades, np.ones((side, side), np.uint8))
    return Picture("mosaic", held=Image.fromarray(pixels).convert("RGB"))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 2), (4, 5), (0, 5), (2, 0)])
@pytest.mark.parametrize("context", [0.0, 1.0, 1.5, 9.0])
def test_the_patch_in_the_crop_is_the_patch_of_the_picture(row, column, context) -> None:
    picture = mosaic(5, 6)
    shown = np.asarray(crop(picture, row, column, (5, 6), context))[..., 0]
    left, top, right, bottom = patch_box((60, 50), row, column, (5, 6), context)
    inside = shown[round(top) : round(bottom), round(left) : round(right)]
    assert inside.shape == (10, 10)
    assert (inside == 7 * (row * 6 + column)).all()


def test_context_shows_the_neighbours() -> None:
    shown = np.asarray(crop(mosaic(5, 6), 2, 3, (5, 6), context=1.0))[..., 0]
    assert shown.shape == (30, 30)
    wanted = 7 * (np.arange(30).reshape(5, 6)[1:4, 2:5])
    np.testing.assert_array_equal(shown[5::10, 5::10], wanted)


def test_at_the_border_the_crop_keeps_its_size_and_shifts_inside() -> None:
    shown = np.asarray(crop(mosaic(5, 6), 0, 5, (5, 6), context=1.0))[..., 0]
    assert shown.shape == (30, 30)
    np.testing.assert_array_equal(shown[5::10, 5::10], 7 * np.arange(30).reshape(5, 6)[:3, 3:])
    assert patch_box((60, 50), 0, 5, (5, 6)) == (20, 0, 30, 10)


@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(1, 24),
    st.integers(1, 24),
    st.floats(0, 30),
    st.sampled_from([None, 1, 17, 96]),
    st.data(),
)
def test_a_patch_of_any_grid_of_any_picture_lies_in_its_crop(
    width, height, rows, columns, context, size, data
) -> None:
    row = data.draw(st.integers(0, rows - 1))
    column = data.draw(st.integers(0, columns - 1))
    picture = Picture("grey", held=Image.new("RGB", (width, height)))
    shown = crop(picture, row, column, (rows, columns), context, size)
    left, top, right, bottom = patch_box(
        (width, height), row, column, (rows, columns), context, size
    )
    slack = 1e-6
    assert -slack <= left < right <= shown.width + slack
    assert -slack <= top < bottom <= shown.height + slack
    if size is not None:
        assert max(shown.size) == size


def test_every_patch_of_a_picture_has_a_crop_of_the_same_size() -> None:
    picture = Picture("odd", held=Image.new("RGB", (101, 67)))
    sizes = {crop(picture, r, c, (7, 7)).size for r in range(7) for c in range(7)}
    assert sizes == {(43, 29)}


def test_a_patch_beyond_the_grid_and_a_negative_context_are_refused() -> None:
    picture = mosaic(2, 2)
    with pytest.raises(SettingError, match="the grid is 2 x 2"):
        crop(picture, 2, 0, (2, 2))
    with pytest.raises(SettingError, match=r"context is -0\.5"):
        crop(picture, 0, 0, (2, 2), context=-0.5)
    with pytest.raises(SettingError, match="context is nan"):
        patch_box((20, 20), 0, 0, (2, 2), context=float("nan"))


def test_a_picture_that_is_gone_is_named(tmp_path) -> None:
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        crop(Picture("gone.png", tmp_path / "gone.png"), 0, 0, (2, 2))
