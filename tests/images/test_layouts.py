"""Folders are recognised, said, and everything wrong in them is reported in one go."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.errors import DataError, SettingError
from workbench.images.layouts import PlainNames, read_dataset


def draw(path: Path, size: tuple[int, int] = (8, 6), colour: object = 128) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, colour).save(path)
    return path


def draw_mask(path: Path, size: tuple[int, int] = (8, 6)) -> Path:
    draw(path, size, 0)
    mask = np.zeros(size[::-1], np.uint8)
    mask[:2, :2] = 255
    Image.fromarray(mask).save(path)
    return path


def mvtec(root: Path, defects: tuple[str, ...] = ("scratch",)) -> Path:
    for index in range(3):
        draw(root / "train" / "good" / f"{index:03}.png")
        draw(root / "test" / "good" / f"{index:03}.png")
        for defect in defects:
            draw(root / "test" / defect / f"{index:03}.png")
            draw_mask(root / "ground_truth" / defect / f"{index:03}_mask.png")
    return root


def test_an_mvtec_category_is_read_and_said(tmp_path: Path) -> None:
    data = read_dataset(mvtec(tmp_path / "bottle", ("crack", "scratch")))
    assert (data.layout, data.categories, len(data)) == ("mvtec", ("bottle",), 12)
    assert {s.mask_path.name for s in data if s.mask_path} == {f"00{i}_mask.png" for i in range(3)}
    assert all((s.mask_path is not None) == (s.label == 1) for s in data)
    assert all((s.defect == "good") == (s.label == 0) for s in data)
    said = data.describe()
    assert "layout mvtec, 1 category, 12 images, 6 masks" in said
    assert "train/good/: 3 taken as training normals" in said
    assert "test/crack/: 3 taken as test anomalies (crack)" in said
    assert data.samples[0].name == "train/good/000.png"
    assert list(data.table()["label"]).count(1) == 6


def test_a_root_of_several_categories_is_read(tmp_path: Path) -> None:
    for name in ("b", "a"):
        mvtec(tmp_path / name)
    (tmp_path / "papers").mkdir()
    draw(tmp_path / "overview.png")
    data = read_dataset(tmp_path)
    assert data.categories == ("a", "b")
    assert {s.category for s in data["a"]} == {"a"}
    assert "papers (no category of the layout)" in data.describe()
    with pytest.raises(DataError, match=r"no category 'c' in .*there are: a, b"):
        data["c"]


def test_masks_pair_by_name_and_not_by_order(tmp_path: Path) -> None:
    root = mvtec(tmp_path / "c")
    (root / "test/scratch/000.png").rename(root / "test/scratch/zzz.png")
    (root / "ground_truth/scratch/000_mask.png").rename(root / "ground_truth/scratch/zzz.png")
    pairs = {s.path.stem: s.mask_path.stem for s in read_dataset(root) if s.mask_path}
    assert pairs == {"001": "001_mask", "002": "002_mask", "zzz": "zzz"}


def test_accents_and_upper_case_suffixes_pair(tmp_path: Path) -> None:
    root = mvtec(tmp_path / "c")
    draw(root / "test/scratch" / (unicodedata.normalize("NFD", "schräg 図") + ".PNG"))
    draw_mask(
        root / "ground_truth/scratch" / (unicodedata.normalize("NFC", "schräg 図") + "_mask.png")
    )
    data = read_dataset(root)
    assert sum(s.mask_path is not None for s in data) == 4
    assert any(s.name == "test/scratch/schräg 図.PNG" for s in data)


def test_a_plain_folder_is_read_with_any_names(tmp_path: Path) -> None:
    for index in range(5):
        draw(tmp_path / "ok" / f"{index}.jpg")
    draw(tmp_path / "bad" / "a.jpg")
    draw(tmp_path / "bad" / "dent" / "b.jpg")
    draw_mask(tmp_path / "truth" / "a.png")
    draw_mask(tmp_path / "truth" / "dent" / "b.png")
    names = PlainNames("ok", "bad", "truth")
    data = read_dataset(tmp_path, names=names)
    assert data.layout == "plain"
    category = data.categories[0]
    assert len(data.train_normals(category)) == 3
    assert len(data.test(category)) == 4
    assert {s.defect for s in data if s.label} == {"bad", "dent"}
    assert all(s.mask_path for s in data if s.label)
    assert "ok/: 5 taken as normals (3 for training, 2 for testing)" in data.describe()
    assert read_dataset(tmp_path, names=names).samples == data.samples


def test_a_plain_folder_needs_no_masks(tmp_path: Path) -> None:
    draw(tmp_path / "normal" / "a.png")
    draw(tmp_path / "abnormal" / "b.png")
    data = read_dataset(tmp_path)
    assert [s.label for s in data] == [0, 1]


def test_masks_of_normal_images_are_not_missed(tmp_path: Path) -> None:
    draw(tmp_path / "normal" / "a.png")
    draw(tmp_path / "abnormal" / "a.png")
    draw(tmp_path / "abnormal" / "b.png")
    for name in ("a", "b"):
        draw_mask(tmp_path / "masks" / f"{name}.png")
    data = read_dataset(tmp_path)
    assert [s.mask_path is not None for s in data] == [False, True, True]


def test_a_bare_folder_holds_training_normals(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG"):
        draw(tmp_path / "bolts" / "train" / "good" / name)
    (tmp_path / "bolts/train/good/.hidden.png").write_bytes(b"x")
    (tmp_path / "bolts/train/good/notes.txt").write_text("hello")
    data = read_dataset(tmp_path / "bolts" / "train" / "good")
    assert [s.name for s in data] == ["a.JPG", "b.png"]
    assert {(s.split, s.label, s.category) for s in data} == {("train", 0, "bolts")}
    assert "files that are no images (1 .txt)" in data.describe()


def test_a_layout_can_be_forced(tmp_path: Path) -> None:
    root = mvtec(tmp_path / "c")
    assert len(read_dataset(root / "test/good", "normals")) == 3
    with pytest.raises(DataError, match=r"no category of the layout plain in .*it holds"):
        read_dataset(root, "plain")
    with pytest.raises(SettingError, match="no layout 'coco'; there are: auto, mvtec"):
        read_dataset(root, "coco")
    with pytest.raises(SettingError, match="no way to treat problems"):
        read_dataset(root, problems="hide")


def test_missing_empty_and_foreign_folders_are_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere does not exist; expected is .*train/good"):
        read_dataset(tmp_path / "nowhere")
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(DataError, match="is a file, not a folder"):
        read_dataset(tmp_path / "file.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="it is empty; expected is"):
        read_dataset(tmp_path / "empty")
    (tmp_path / "wrong" / "defective").mkdir(parents=True)
    with pytest.raises(DataError, match="it holds defective/; expected is"):
        read_dataset(tmp_path / "wrong")
    (tmp_path / "hollow" / "train" / "good").mkdir(parents=True)
    with pytest.raises(DataError, match=r"no images in .*hollow, read as mvtec; readable are"):
        read_dataset(tmp_path / "hollow")


def broken(root: Path) -> list[str]:
    """Break a category in every way at once, and return the names that must be reported."""
    mvtec(root)
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).save(root / "train/good/000.png")
    whole = (root / "train/good/000.png").read_bytes()
    (root / "train/good/000.png").write_bytes(whole[: len(whole) - 60])
    (root / "test/good/001.png").write_bytes(b"no image")
    draw_mask(root / "ground_truth/scratch/001_mask.png", (9, 6))
    (root / "ground_truth/scratch/002_mask.png").unlink()
    draw_mask(root / "ground_truth/scratch/077_mask.png")
    return [
        "train/good/000.png",
        "test/good/001.png",
        "scratch/001_mask.png is 9 x 6 pixels and its image",
        "test/scratch/002.png is anomalous and has no mask",
        "scratch/077_mask.png is a mask without an anomalous image",
    ]


def test_every_problem_is_reported_in_one_go(tmp_path: Path) -> None:
    expected = broken(tmp_path / "c")
    with pytest.raises(DataError) as caught:
        read_dataset(tmp_path / "c")
    message = str(caught.value)
    assert message.startswith("5 files cannot be used")
    assert all(part in message for part in expected), message


def test_problems_can_be_skipped_and_are_kept_on_record(tmp_path: Path) -> None:
    expected = broken(tmp_path / "c")
    data = read_dataset(tmp_path / "c", problems="skip")
    assert len(data) == 9 - 4
    assert len(data.skipped) == 5
    assert all(part in data.describe() for part in expected)


def test_headers_alone_find_what_headers_tell(tmp_path: Path) -> None:
    broken(tmp_path / "c")
    data = read_dataset(tmp_path / "c", problems="skip", decode=False)
    assert {problem.path.name for problem in data.skipped} == {
        "001.png",
        "001_mask.png",
        "002.png",
        "077_mask.png",
    }


def test_an_exif_turned_image_goes_with_an_upright_mask(tmp_path: Path) -> None:
    root = mvtec(tmp_path / "c")
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (6, 8)).save(root / "test/scratch/000.png", exif=exif)
    assert len(read_dataset(root)) == 9
    assert len(read_dataset(root, decode=False)) == 9
