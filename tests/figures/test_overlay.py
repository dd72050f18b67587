import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from workbench.errors import DataError, SettingError
from workbench.figures.colours import CONTOUR, heat_colours, heat_table
from workbench.figures.overlay import encode, fitted_mask, outline, overlay, with_colour_bar

GREY = Image.new("RGB", (40, 30), "grey")


def test_the_same_value_has_the_same_colour_whatever_else_is_in_the_map():
    calm, wild = np.full((30, 40), 0.5), np.full((30, 40), 0.5)
    wild[0, 0] = 1000.0
    first, second = (np.asarray(overlay(GREY, heat, (0.0, 1.0))) for heat in (calm, wild))
    np.testing.assert_array_equal(first[1:], second[1:])


def test_heat_is_opaque_as_its_value_is_high():
    ramp = np.tile(np.linspace(0, 1, 40), (30, 1))
    shown = np.asarray(overlay(Image.new("RGB", (40, 30)), ramp, (0.0, 1.0), opacity=1.0))[0]
    light = shown.astype(int).sum(1)
    assert (np.diff(light) >= 0).all()
    assert (shown[0] == 0).all()
    assert tuple(shown[-1]) == tuple(heat_table()[255])


def test_no_heat_leaves_the_picture_as_it_is():
    for heat, opacity in ((np.zeros((30, 40)), 0.8), (np.ones((30, 40)), 0.0)):
        shown = overlay(GREY, heat, (0.0, 1.0), opacity=opacity)
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(GREY))


def test_the_scale_is_clipped_at_both_ends():
    below, above = heat_colours(np.array([-5.0, 7.0]), (0.0, 1.0))
    assert (below == heat_table()[0]).all()
    assert (above == heat_table()[255]).all()


def test_ground_truth_is_a_line_around_the_mask_that_leaves_its_inside_alone():
    mask = np.zeros((30, 40), bool)
    mask[10:20, 10:20] = True
    shown = np.asarray(overlay(GREY, np.zeros((30, 40)), (0.0, 1.0), mask))
    assert tuple(shown[9, 15]) == CONTOUR
    assert (shown[mask] == 128).all()
    assert tuple(shown[0, 0]) == (128, 128, 128)


def test_the_contour_has_a_colour_that_heat_never_takes():
    distance = np.abs(heat_table().astype(int) - CONTOUR).sum(1)
    assert distance.min() > 150


def test_an_empty_mask_draws_nothing():
    empty = overlay(GREY, np.zeros((30, 40)), (0.0, 1.0), np.zeros((30, 40), bool))
    np.testing.assert_array_equal(np.asarray(empty), np.asarray(GREY))


def test_maps_and_masks_of_any_size_are_stretched_over_the_picture():
    mask = np.zeros((60, 80), bool)
    mask[20:40, 20:40] = True
    shown = overlay(GREY, np.ones((3, 4)), (0.0, 1.0), mask)
    assert shown.size == GREY.size
    assert tuple(np.asarray(shown)[9, 15]) == CONTOUR


@pytest.mark.parametrize("value_range", [(1.0, 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_a_scale_without_extent_is_refused(value_range):
    with pytest.raises(SettingError, match="colour scale"):
        overlay(GREY, np.zeros((2, 2)), value_range)


def test_an_opacity_or_a_map_out_of_range_is_refused():
    with pytest.raises(SettingError, match="opacity"):
        overlay(GREY, np.zeros((2, 2)), (0.0, 1.0), opacity=1.5)
    with pytest.raises(DataError, match="NaN"):
        overlay(GREY, np.full((2, 2), np.nan), (0.0, 1.0))


def test_a_patch_is_outlined_where_it_lies():
    shown = np.asarray(outline(GREY, 1, 2, (3, 4)))
    assert (shown[10, 20:30] == 255).all()
    assert (shown[15, 25] == 128).all()
    with pytest.raises(SettingError, match="row 3"):
        outline(GREY, 3, 0, (3, 4))


def test_the_colour_bar_stands_under_the_picture():
    sheet = with_colour_bar(GREY, (0.0, 2.5))
    assert sheet.width >= 200
    assert sheet.height > GREY.height
    colours = {colour for _, colour in sheet.getcolors(100_000)}
    assert tuple(heat_table()[128]) in colours


def test_every_letter_under_the_colour_bar_is_one_the_font_has(monkeypatch):
    written = []
    original = ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        ImageDraw.ImageDraw,
        "text",
        lambda self, place, text, *rest, **more: (
            written.append(text) or original(self, place, text, *rest, **more)
        ),
    )
    with_colour_bar(GREY, (-0.12749, 2.5e-7))
    assert [text for text in written if "-0.127" in text]
    assert [text for text in written if "2.5e-07" in text]
    font = ImageFont.load_default(20)
    unknown = bytes(font.getmask("\uffff"))
    letters = set("".join(written)) - {" "}
    assert [letter for letter in letters if bytes(font.getmask(letter)) == unknown] == []


@pytest.mark.parametrize("kind", ["webp", "png", "jpeg"])
def test_pictures_are_shrunk_but_never_enlarged(kind):
    small = Image.open(io.BytesIO(encode(GREY, 20, kind)))
    same = Image.open(io.BytesIO(encode(GREY, 500, kind)))
    assert small.size == (20, 15)
    assert same.size == GREY.size
    assert small.format == kind.upper()


def test_a_crack_one_pixel_wide_survives_shrinking():
    mask = np.zeros((400, 400), bool)
    mask[:, 201] = True
    small = fitted_mask(mask, (40, 40))
    assert small[:, 20].all()
    assert small.sum() == 40
