"""Every layout of the field is recognised, said and read, with all its traps."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images import layout_builders as build
from workbench.errors import DataError
from workbench.images.decode import image_size
from workbench.images.layouts import PlainNames, read_dataset
from workbench.images.samples import Dataset, Sample
from workbench.images.support import support
from workbench.images.truth import true_mask


def counts(data: Dataset) -> Counter:
    return Counter((s.split, s.label, s.defect) for s in data)


def truth(sample: Sample) -> np.ndarray | None:
    return true_mask(sample, image_size(sample.path))


def truths(data: Dataset) -> dict[str, int]:
    """How many pixels are anomalous in each image that is."""
    return {s.name: int(truth(s).sum()) for s in data if s.label}


CATEGORY_ALONE = {
    "mvtec": build.mvtec,
    "mvtec_ad_2": build.mvtec_ad_2,
    "mvtec_loco": build.mvtec_loco,
    "bmad": build.brain,
    "mtd": build.mtd,
    "plain": build.plain,
    "normals": build.normals,
    "meta.json": build.meta_json,
    "table": lambda root: build.table(root).parent,
}
SETS = {"mpdd": build.mpdd, "visa": build.visa, "visa_1cls": build.visa_1cls, "btad": build.btad}


@pytest.mark.parametrize("layout", [*CATEGORY_ALONE, *SETS])
def test_a_layout_is_recognised_said_and_the_same_when_named(tmp_path: Path, layout: str) -> None:
    root = {**CATEGORY_ALONE, **SETS}[layout](tmp_path / "set")
    found = read_dataset(root)
    assert found.layout == layout
    assert f"layout {layout}, " in found.describe()
    assert found.notes == read_dataset(root, layout).notes
    assert found.samples == read_dataset(root, layout).samples
    cases = {layout, "mvtec", "mpdd", "visa_1cls", "normals"}  # which others may be a case of
    for other in sorted({*CATEGORY_ALONE, *SETS} - cases):
        with pytest.raises(DataError, match=f"no category of the layout {other} .* expected is"):
            read_dataset(root, other)


@pytest.mark.parametrize("layout", [*CATEGORY_ALONE, *SETS])
def test_a_set_is_found_one_folder_deeper_and_its_samples_keep_their_names(tmp_path, layout):
    root = {**CATEGORY_ALONE, **SETS}[layout](tmp_path / "above" / "set")
    if layout == "normals":
        with pytest.raises(DataError, match="no category"):  # might be anything, defects too
            read_dataset(tmp_path / "above")
        return
    here, above = read_dataset(root), read_dataset(tmp_path / "above")
    assert [(s.category, s.name) for s in above] == [(s.category, s.name) for s in here]


def test_mvtec_pairs_masks_within_their_defect(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec(tmp_path / "bolt"))
    assert counts(data) == {
        ("train", 0, "good"): 4,
        ("test", 0, "good"): 2,
        ("test", 1, "bent"): 2,
        ("test", 1, "scratch"): 2,
    }
    assert all(s.mask_path.parent.name == s.defect for s in data if s.label)
    assert set(truths(data).values()) == {9}


def test_mvtec_ad_2_has_validation_images_and_private_ones_without_labels(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec_ad_2(tmp_path / "can"))
    assert counts(data) == {
        ("train", 0, "good"): 3,
        ("validation", 0, "good"): 3,
        ("test", 0, "good"): 3,
        ("test", 1, "bad"): 3,
        ("test", None, "unknown"): 4,
    }
    assert len({s.name for s in data}) == len(data)
    assert all(truth(s) is None for s in data if s.label is None)
    assert all(s.mask_path.stem == f"{s.path.stem}_mask" for s in data if s.label)
    assert "test_private_mixed/: 2 taken as test images whose truth is withheld" in data.describe()
    assert {s.split for s in support(data.samples, None)} == {"train"}


def test_locos_masks_are_united_whatever_their_grey(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec_loco(tmp_path / "box"))
    assert counts(data)["validation", 0, "good"] == 1
    assert truths(data) == {
        "test/logical_anomalies/000.png": 9 + 8 + 9,  # two of them share a pixel
        "test/logical_anomalies/001.png": 26,
        "test/structural_anomalies/000.png": 9,
        "test/structural_anomalies/001.png": 9,
    }
    assert "layout mvtec_loco, 1 category, 9 images, 8 masks" in data.describe()


def test_visa_is_split_by_its_table_and_its_masks_are_not_black(tmp_path: Path) -> None:
    root = build.visa(tmp_path / "VisA")
    build.picture(root / "candle/Data/Images/Normal/9999.JPG")
    data = read_dataset(root)
    assert data.categories == ("candle", "pcb1")
    assert counts(data) == {
        ("train", 0, "good"): 6,
        ("test", 0, "good"): 4,
        ("test", 1, "anomaly"): 4,
    }
    assert set(truths(data).values()) == {9}
    assert "1 images that" in data.describe()
    assert "split_csv (no category of the layout)" in data.describe()
    alone = read_dataset(root / "candle")
    assert alone.samples == data["candle"]


def test_visa_pairs_by_the_table_and_reports_what_it_contradicts(tmp_path: Path) -> None:
    root = build.visa(tmp_path / "VisA", ["candle"])
    images = root / "candle/Data/Images"
    (images / "Normal/0000.JPG").rename(images / "Normal/0000.jpg")  # as some archives have it
    assert len(read_dataset(root)) == 7
    (images / "Anomaly/000.JPG").unlink()
    build.mask(root / "candle/Data/Masks/Anomaly/077.png")
    with pytest.raises(DataError) as caught:
        read_dataset(root)
    assert str(caught.value).startswith("2 files cannot be used")
    assert "000.JPG does not exist" in str(caught.value)
    assert "077.png is a mask without" in str(caught.value)
    (root / "split_csv/1cls.csv").unlink()
    with pytest.raises(DataError, match=r"1cls.csv is missing: .* --layout plain --normal Data"):
        read_dataset(root / "candle")
    names = PlainNames("Data/Images/Normal", "Data/Images/Anomaly", "Data/Masks/Anomaly")
    plain = read_dataset(root / "candle", "plain", names=names, problems="skip")
    assert [s.mask_path.name for s in plain if s.label] == ["001.png"]


@pytest.mark.parametrize("inside", ["", "1cls", "VisA_pytorch/1cls"])
def test_visas_1cls_form_is_found_wherever_it_was_unpacked(tmp_path: Path, inside: str) -> None:
    build.visa_1cls(tmp_path / inside, ["candle", "pcb1"])
    if inside.startswith("VisA"):
        (tmp_path / "VisA_pytorch/2cls_highshot/candle/train/good").mkdir(parents=True)
    data = read_dataset(tmp_path)
    assert (data.layout, data.categories) == ("visa_1cls", ("candle", "pcb1"))
    assert set(truths(data).values()) == {9}
    assert data.samples[0].name == "train/good/0000.JPG"


def test_btads_images_and_masks_pair_by_stem_across_suffixes(tmp_path: Path) -> None:
    data = read_dataset(build.btad(tmp_path / "BTech_Dataset_transformed"))
    assert data.categories == ("01", "02", "03")
    pairs = {(s.category, s.path.suffix, s.mask_path.suffix) for s in data if s.label}
    assert pairs == {("01", ".bmp", ".png"), ("02", ".png", ".png"), ("03", ".bmp", ".bmp")}
    assert all(s.mask_path.stem == s.path.stem for s in data if s.label)
    assert {s.defect for s in data} == {"good", "ko"}


@pytest.mark.parametrize("masks", ["label", "anomaly_mask"])
@pytest.mark.parametrize("inside", ["img", ""])
@pytest.mark.parametrize("train", [True, False])
def test_every_variant_of_brain_ad_is_read(tmp_path: Path, masks, inside, train) -> None:
    root = build.brain(tmp_path / "Brain_AD", train=train, masks=masks, inside=inside)
    data = read_dataset(root)
    assert (data.layout, data.categories) == ("bmad", ("brain",))
    assert counts(data) == {
        ("train", 0, "good"): 3,
        ("test", 0, "good"): 3,
        ("test", 1, "Ungood"): 3,
        ("validation", 1, "Ungood"): 3,
        **({("validation", 0, "good"): 3} if train else {}),
    }
    assert set(truths(data).values()) == {9}
    drawn = {s.path.relative_to(root).parts[0] for s in support(data.samples, None)}
    assert drawn == {"train" if train else "valid"}
    assert any("there is no train/good" in note for note in data.notes) != train


def test_mtd_is_split_by_a_stated_seed_and_masked_above_127(tmp_path: Path) -> None:
    root = build.mtd(tmp_path / "Magnetic-tile-defect-datasets.-master")
    data = read_dataset(root)
    assert data.categories == ("magnetic_tile",)
    assert counts(data)["train", 0, "good"] == 8
    assert counts(data)["test", 0, "good"] == 2
    assert {s.path.suffix for s in data} == {".jpg"}
    assert {s.mask_above for s in data} == {127}
    crack = next(s for s in data if s.defect == "crack")
    assert truth(crack).sum() == 9 + 3  # the edge counts at 128 and not at 127
    fray = next(s for s in data if s.defect == "fray")
    assert truth(fray) is None
    said = data.describe()
    assert "8 of 10 normals (4/5, drawn with seed 0 from the list sorted by name)" in said
    assert "MT_Fray/Imgs/exp2_num_7.png has no pixel above 127" in said
    other = read_dataset(root, names=PlainNames(split_seed=1))
    assert {s.name for s in other if s.split == "train"} != {
        s.name for s in data if s.split == "train"
    }
    assert "drawn with seed 1" in other.describe()


def test_mtd_reports_a_mask_without_its_photograph_and_the_other_way_round(tmp_path: Path) -> None:
    root = build.mtd(tmp_path)
    (root / "MT_Break/Imgs/exp2_num_7.jpg").unlink()
    (root / "MT_Crack/Imgs/exp2_num_7.png").unlink()
    with pytest.raises(DataError) as caught:
        read_dataset(root)
    said = str(caught.value)
    assert "MT_Break/Imgs/exp2_num_7.png is a mask without an anomalous image" in said
    assert "MT_Crack/Imgs/exp2_num_7.jpg is anomalous and has no mask" in said
    assert said.count("\n") == 2


def test_a_split_nobody_published_is_the_same_wherever_the_set_lies(tmp_path: Path) -> None:
    def training(root: Path) -> set[str]:
        return {s.name for s in read_dataset(root) if s.split == "train"}

    assert training(build.mtd(tmp_path / "a")) == training(build.mtd(tmp_path / "b"))
    data = read_dataset(build.plain(tmp_path / "bolts"))
    assert "3 of 5 normals (1/2, drawn with seed 0" in data.describe()


def test_pictures_of_every_pixel_format_and_name_are_read(tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    train = root / "train/good"
    build.picture(train / "a.PNG", "RGBA")
    build.picture(train / "b.JPG", "CMYK")
    build.picture(train / "c.Tiff", "I;16")
    build.picture(train / "d.BMP", "P")
    exif = Image.Exif()
    exif[0x0112] = 6
    build.picture(root / "test/bent/turned.JPEG", "L", (10, 12), exif=exif)
    build.mask(root / "ground_truth/bent/turned_mask.png", 1, (12, 10))
    decomposed = unicodedata.normalize("NFD", "schräg 図")
    build.picture(root / f"test/bent/{decomposed}.Png", "P")
    build.mask(root / f"ground_truth/bent/{unicodedata.normalize('NFC', decomposed)}_mask.bmp", 2)
    data = read_dataset(root)
    assert len(data.train_normals("bolt")) == 8
    assert truths(data)["test/bent/turned.JPEG"] == 9
    assert truths(data)["test/bent/schräg 図.Png"] == 9


def test_two_layouts_that_fit_are_told_and_the_more_certain_one_is_read(tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    build.picture(root / "normal/0.png")
    data = read_dataset(root)
    assert data.layout == "mvtec"
    assert "plain would fit as well; --layout plain reads it so" in data.describe()
    assert read_dataset(root, "plain").layout == "plain"


def test_a_stale_meta_json_does_not_go_before_the_folders_it_was_made_of(tmp_path: Path) -> None:
    build.mvtec(tmp_path / "bolt")
    (tmp_path / "meta.json").write_text(json.dumps({"train": {}, "test": {}}))
    data = read_dataset(tmp_path)
    assert data.layout == "mvtec"
    assert "meta.json would fit as well" in data.describe()
    with pytest.raises(DataError, match="no images in"):
        read_dataset(tmp_path, "meta.json")


def test_loco_and_visa_forms_are_not_ambiguous_with_what_they_are_cases_of(tmp_path: Path) -> None:
    for name, make in (("a", build.mvtec_loco), ("b", build.mvtec_ad_2), ("c", build.brain)):
        assert not any("would fit" in note for note in read_dataset(make(tmp_path / name)).notes)


def test_a_root_may_mix_layouts(tmp_path: Path) -> None:
    build.mvtec(tmp_path / "bolt")
    build.mvtec_loco(tmp_path / "box")
    build.plain(tmp_path / "mine")
    data = read_dataset(tmp_path)
    assert data.layout == "mvtec and mvtec_loco and plain"
    assert data.categories == ("bolt", "box", "mine")
    assert read_dataset(tmp_path, "mvtec_loco").categories == ("box",)


@pytest.mark.parametrize("layout", [*CATEGORY_ALONE, *SETS])
def test_no_image_is_opened_to_recognise_a_layout(tmp_path: Path, layout, monkeypatch) -> None:
    from workbench.images.layouts.finding import find

    root = {**CATEGORY_ALONE, **SETS}[layout](tmp_path / "set")

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("an image was opened")

    monkeypatch.setattr(Image, "open", opened)
    assert {place.layout.name for place in find(root, "auto", PlainNames()).places} == {layout}
