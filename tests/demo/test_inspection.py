"""The demo inspection set: how it is drawn, and what is shipped."""

import numpy as np
import pytest
from PIL import Image

from workbench.demo.inspection import parts, pictures
from workbench.demo.inspection.pictures import GOOD, PER_DEFECT, PRODUCTS, TRAIN, inspect
from workbench.paths import demo_images

DEFECTS = [(name, kind) for name, product in PRODUCTS.items() for kind in product.kinds]


@pytest.mark.parametrize(("name", "kind"), DEFECTS)
def test_a_mask_covers_what_the_defect_changed(name, kind):
    picture = inspect(name, 1, kind, 4)
    assert picture.mask is not None
    assert picture.mask.shape == picture.image.shape[:2] == (256, 256)
    assert pictures.LEAST <= picture.mask.sum() < 0.25 * picture.mask.size


def test_a_flawless_picture_has_no_mask_and_is_drawn_again_alike():
    first, again = inspect("label", 1, "good", 3), inspect("label", 1, "good", 3)
    assert first.mask is None
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, inspect("label", 1, "train", 3).image)
    assert not np.array_equal(first.image, inspect("label", 2, "good", 3).image)


def test_difference_closes_gaps_and_drops_single_pixels():
    clean = np.zeros((40, 40, 3), np.float32)
    spoiled = clean.copy()
    spoiled[10:20, 10:20] = 0.5
    spoiled[14:16, 14:16] = 0
    spoiled[30, 30] = 0.5
    mask = pictures.difference(clean, spoiled)
    assert mask[10:20, 10:20].all()
    assert mask.sum() == 100


def test_a_change_nobody_can_see_is_not_in_the_mask():
    clean = np.zeros((40, 40, 3), np.float32)
    assert not pictures.difference(clean, clean + np.float32(0.02)).any()


def test_a_board_with_a_part_left_out_differs_there_and_nowhere_else():
    draw = np.random.default_rng
    whole, lacking = parts.board(draw(5)), parts.board(draw(5), parts.without(parts.LAYOUT, 0))
    chip = parts.LAYOUT[0]
    changed = np.abs(whole.rgb - lacking.rgb).max(axis=2) > 0.02
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert abs(rows - chip.y).max() < 60
    assert abs(columns - chip.x).max() < 75


def test_a_set_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    calls = iter(range(10))

    def failing(name, seed, group, number):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return pictures.Inspected(np.zeros((8, 8, 3), np.uint8), None)

    monkeypatch.setattr(pictures, "inspect", failing)
    with pytest.raises(KeyboardInterrupt):
        pictures.write(tmp_path / "set", 0)
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_set_is_complete():
    root = demo_images()
    assert sorted(p.name for p in root.iterdir() if p.is_dir()) == sorted(PRODUCTS)
    for name, product in PRODUCTS.items():
        assert len(list((root / name / "train" / "good").iterdir())) == TRAIN
        assert len(list((root / name / "test" / "good").iterdir())) == GOOD
        assert sorted(p.name for p in (root / name / "test").iterdir()) == sorted(
            ["good", *product.kinds]
        )
        for kind in product.kinds:
            images = sorted((root / name / "test" / kind).iterdir())
            masks = sorted((root / name / "ground_truth" / kind).iterdir())
            assert len(images) == PER_DEFECT
            assert [p.stem + "_mask" for p in images] == [p.stem for p in masks]
            for image, mask in zip(images, masks, strict=True):
                with Image.open(image) as picture, Image.open(mask) as marked:
                    assert picture.size == marked.size
                    assert set(np.unique(np.asarray(marked))) == {0, 255}


def test_the_shipped_set_is_small():
    files = [p for p in demo_images().rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 12_000_000


@pytest.mark.parametrize("name", ["fabric", "board"])
def test_the_shipped_pictures_are_the_ones_this_code_draws(name):
    kind = PRODUCTS[name].kinds[0]
    drawn = inspect(name, 0, kind, 2)
    assert drawn.mask is not None
    with Image.open(demo_images() / name / "test" / kind / "002.jpg") as shipped:
        difference = np.abs(np.asarray(shipped, np.float32) - drawn.image)
    assert difference.mean() < 6  # what the JPEG compression takes away
    with Image.open(demo_images() / name / "ground_truth" / kind / "002_mask.png") as mask:
        agreement = (np.asarray(mask) > 0) == drawn.mask
    assert agreement.mean() > 0.999
