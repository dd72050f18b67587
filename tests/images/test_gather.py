"""What is to be recorded: every image that was given, no mask, nothing opened."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.images import layout_builders
from workbench.errors import DataError, SettingError
from workbench.images.gather import gather
from workbench.images.layouts import read_dataset
from workbench.images.samples import Sample
from workbench.images.stream import Picture


def put(root: Path, *names: str) -> Path:
    """Write empty files: nothing that is gathered may need to be opened."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def names(given, **options) -> list[str]:
    return [picture.name for picture in gather(given, **options)]


MVTEC = [
    "bolts/ground_truth/bent/000_mask.png",
    "bolts/test/bent/000.png",
    "bolts/test/good/000.png",
    "bolts/train/good/000.png",
    "nuts/train/good/000.png",
]


def test_a_category_gives_its_images_without_masks(tmp_path: Path) -> None:
    put(tmp_path, *MVTEC, "bolts/license.txt")
    inside = ["test/bent/000.png", "test/good/000.png", "train/good/000.png"]
    assert names(tmp_path / "bolts") == inside
    assert names(tmp_path) == [*(f"bolts/{name}" for name in inside), "nuts/train/good/000.png"]
    assert names(tmp_path, layout="mvtec") == names(tmp_path)
    assert names(tmp_path, layout="files") == MVTEC


def test_the_plain_layouts_masks_are_left_out_and_no_other_folder_is(tmp_path: Path) -> None:
    put(tmp_path, "normal/1.png", "abnormal/2.png", "masks/2.png", "third/3.png")
    assert names(tmp_path) == ["abnormal/2.png", "normal/1.png", "third/3.png"]


def test_folders_of_no_layout_keep_what_looks_like_masks(tmp_path: Path) -> None:
    put(tmp_path, "masks/1.png", "ground_truth/2.png", "deep/er/3.JPG")
    assert names(tmp_path) == ["deep/er/3.JPG", "ground_truth/2.png", "masks/1.png"]


def test_only_categories_are_looked_into_where_a_layout_is_named(tmp_path: Path) -> None:
    put(tmp_path, *MVTEC, "other/1.png")
    assert "other/1.png" in names(tmp_path)
    assert "other/1.png" not in names(tmp_path, layout="mvtec")
    with pytest.raises(DataError, match="no category of the layout plain"):
        gather(tmp_path, layout="plain")
    with pytest.raises(SettingError, match="no layout 'coco'; there are: auto, mvtec"):
        gather(tmp_path, layout="coco")


def test_the_images_are_those_of_the_data_set(shared_data: Path) -> None:
    found = {picture.path for picture in gather(shared_data)}
    assert found == {sample.path for sample in read_dataset(shared_data, decode=False)}
    assert len(found) > 100


def test_the_order_is_by_folder_and_name_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a/2.png", "a/10.png", "a.png", "a-b/1.png", ".cache/1.png", "a/._2.png")
    assert names(tmp_path) == ["a/10.png", "a/2.png", "a-b/1.png", "a.png"]


def test_accents_are_spelt_in_one_way_and_the_file_is_still_found(tmp_path: Path) -> None:
    put(tmp_path, "Scha\u0308den/1.png")
    (picture,) = gather(tmp_path)
    assert picture.name == "Sch\u00e4den/1.png"
    assert picture.path.is_file()


def test_here_is_a_folder_like_any_other(tmp_path: Path, monkeypatch) -> None:
    put(tmp_path, *MVTEC)
    expected = names(tmp_path)
    monkeypatch.chdir(tmp_path)
    for layout in ("auto", "mvtec"):
        assert names(".", layout=layout) == names("./", layout=layout) == expected
    assert names("bolts/") == names(tmp_path / "bolts")


def test_a_link_that_leads_back_up_ends_the_listing_once(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert names(tmp_path) == ["a/1.png", "a/gone.png"]


def test_what_is_neither_file_nor_folder_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "1.png", "folder.png/2.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert names(tmp_path) == ["1.png", "folder.png/2.png"]


def test_files_samples_pictures_and_data_sets_may_be_mixed(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png", "a/2.png", "b.png")
    sample = Sample(tmp_path / "b.png", "test", 0, "good", (), "c", "test/good/b.png")
    held = Image.new("L", (2, 2))
    given = [Picture("b.png", tmp_path / "b.png"), str(tmp_path / "a"), sample, held, held]
    assert names(given) == ["b.png", "1.png", "2.png", "test/good/b.png", "image 4", "image 5"]
    assert names(held) == ["image"]
    assert names(sample) == ["test/good/b.png"]


def test_a_data_set_keeps_its_order(shared_data: Path) -> None:
    dataset = read_dataset(shared_data / "cookie", decode=False)
    found = gather(dataset)
    assert [picture.path for picture in found] == [sample.path for sample in dataset]
    assert all(picture.name.startswith(("train/", "test/")) for picture in found)


def test_where_there_is_no_image_it_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        gather(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no images in .* or below: it is empty"):
        gather(tmp_path)
    put(tmp_path, "a/1.txt", "a/2.TXT", "README")
    with pytest.raises(DataError, match=r"it holds 2 \.txt, 1 README; readable are .*\.png"):
        gather(tmp_path)
    with pytest.raises(DataError, match="the list is empty"):
        gather([])


@pytest.mark.parametrize(
    "make",
    ["mvtec", "mvtec_ad_2", "mvtec_loco", "visa", "visa_1cls", "btad", "brain", "mtd", "meta_json"],
)
def test_of_every_layout_the_images_are_gathered_and_not_the_masks(tmp_path: Path, make) -> None:
    root = getattr(layout_builders, make)(tmp_path / "set")
    found = {picture.path for picture in gather(root, "meta.json" if "meta" in make else "auto")}
    assert found == {sample.path for sample in read_dataset(root, decode=False)}


def test_a_table_gives_the_images_that_it_lists(tmp_path: Path) -> None:
    file = layout_builders.table(tmp_path)
    listed = ["pics/n0.png", "pics/n1.png", "pics/n2.png", "pics/bad.png", "pics/open.png"]
    assert names(file) == names(tmp_path, layout="table") == listed
