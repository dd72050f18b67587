"""What a data set holds is said in full: counts, sizes, problems, pictures that are there twice."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.images import layout_builders as build
from workbench.errors import DataError
from workbench.images.layouts import read_dataset
from workbench.images.survey import survey


def test_a_category_is_counted_by_part_and_defect(tmp_path: Path) -> None:
    found = survey(build.mvtec_ad_2(tmp_path / "can"))
    assert found.categories() == [
        {
            "category": "can",
            "training normals": 3,
            "validation": 3,
            "test normals": 3,
            "test anomalies": 3,
            "without a label": 4,
            "mask files": 3,
            "sizes": "12 x 10",
        }
    ]
    rows = {(row["split"], row["defect"]): row for row in found.defects()}
    assert rows["test", "bad"]["with masks"] == 3
    assert rows["test", "unknown"]["images"] == 4
    assert not found.problems


def test_images_of_many_sizes_are_given_as_a_range(tmp_path: Path) -> None:
    (row,) = survey(build.mtd(tmp_path)).categories()
    assert row["sizes"] == "10 sizes, 12 to 21 x 10 to 10"


def test_the_same_pixels_in_training_and_test_are_found_in_any_file_format(tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    Image.open(root / "train/good/000.png").save(root / "test/good/copy.bmp")
    shutil.copy(root / "test/good/000.png", root / "test/good/again.png")
    found = survey(root)
    leaks = [[s.name for s in one.samples] for one in found.twice if one.leak]
    assert leaks == [["train/good/000.png", "test/good/copy.bmp"]]
    assert len(found.twice) == 2
    said = "1 test image has the pixels of training images: bolt: train/good/000.png = bolt: "
    assert said + "test/good/copy.bmp" in read_dataset(root).describe()
    assert "pixels of" not in read_dataset(root, decode=False).describe()


def test_a_picture_with_two_labels_is_told(tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    shutil.copy(root / "test/good/000.png", root / "test/bent/000.png")
    said = read_dataset(root).describe()
    assert "1 picture is labelled both normal and anomalous: bolt: test/bent/000.png" in said


def test_pictures_of_one_content_and_other_shape_are_not_the_same(tmp_path: Path) -> None:
    for width, name in ((4, "a"), (8, "b")):
        Image.new("RGB", (width, 32 // width)).save(tmp_path / f"{name}.png")
    assert survey(tmp_path).twice == ()


def test_problems_are_listed_and_what_is_left_is_counted(tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    (root / "test/bent/000.png").write_bytes(b"")
    (root / "ground_truth/bent/001_mask.png").unlink()
    build.mask(root / "ground_truth/scratch/001_mask.png", size=(5, 5))
    found = survey(root)
    assert len(found.problems) == 3
    assert found.categories()[0]["test anomalies"] == 1
    assert len(found.to_dict()["problems"]) == 3


def test_masks_of_one_image_must_have_one_size(tmp_path: Path) -> None:
    root = build.mvtec_loco(tmp_path / "box")
    build.mask(root / "ground_truth/logical_anomalies/000/001.png", size=(7, 7))
    with pytest.raises(DataError, match=r"^1 file .*\n.*001.png is 7 x 7 pixels and its image"):
        read_dataset(root)
    with pytest.raises(DataError, match=r"001\.png is 7 x 7"):
        read_dataset(root, decode=False)


def test_categories_without_masks_anomalies_or_all_but_one_image_are_read(tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "unmasked")
    shutil.rmtree(root / "ground_truth")
    assert sum(s.label == 1 for s in read_dataset(root)) == 4
    for defect in ("bent", "scratch"):
        shutil.rmtree(root / "test" / defect)
    assert {s.label for s in read_dataset(root)} == {0}
    (root / "test/good/001.png").unlink()
    (row,) = survey(root).categories()
    assert (row["test normals"], row["test anomalies"], row["mask files"]) == (1, 0, 0)
    shutil.rmtree(root / "train")
    assert survey(root).categories()[0]["training normals"] == 0
