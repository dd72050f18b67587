"""A meta.json and a table: read with all their faults, and written so that they read the same."""

import json
from pathlib import Path

import pytest

from tests.images import layout_builders as build
from workbench.errors import DataError
from workbench.images.decode import image_size
from workbench.images.layouts import read_dataset, write_meta, write_samples
from workbench.images.samples import Dataset
from workbench.images.support import support
from workbench.images.truth import true_mask


def told(data: Dataset) -> list[tuple]:
    """What is true of every image, wherever it is listed."""

    def pixels(sample) -> int | None:
        found = true_mask(sample, image_size(sample.path))
        return None if found is None else int(found.sum())

    return sorted(
        (s.category, s.name, s.split, s.label, s.defect, s.path.resolve(), pixels(s)) for s in data
    )


SETS = {
    "mvtec": build.mvtec,
    "loco": build.mvtec_loco,
    "visa": build.visa,
    "btad": build.btad,
    "brain": build.brain,
    "mtd": build.mtd,
    "plain": build.plain,
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("file", ["meta.json", "all.csv", "all.tsv"])
def test_what_is_written_beside_a_set_is_read_back_the_same(tmp_path, name, file) -> None:
    data = read_dataset(SETS[name](tmp_path / "set"))
    path = tmp_path / "set" / file
    write_meta(data, path) if file == "meta.json" else write_samples(data, path)
    again = read_dataset(path)
    assert told(again) == told(data)
    for category in data.categories:
        drawn = [support(one[category], 2, seed=1) for one in (data, again)]
        assert [s.path.resolve() for s in drawn[0]] == [s.path.resolve() for s in drawn[1]]
    before = path.read_bytes()
    write_meta(again, path) if file == "meta.json" else write_samples(again, path)
    assert path.read_bytes() == before


def test_a_list_elsewhere_names_its_images_in_full(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec(tmp_path / "set" / "bolt"))
    (tmp_path / "lists").mkdir()
    write_samples(data, tmp_path / "lists" / "all.csv")
    write_meta(data, tmp_path / "lists" / "meta.json")
    assert told(read_dataset(tmp_path / "lists" / "all.csv")) == told(data)
    listed = read_dataset(tmp_path / "lists" / "meta.json")
    assert {s.path for s in listed} == {s.path for s in data}


def test_images_without_a_label_go_into_a_table_and_not_into_a_meta_json(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec_ad_2(tmp_path / "can"))
    withheld = write_meta(data, tmp_path / "can" / "meta.json")
    assert [s.label for s in withheld] == [None] * 4
    listed = read_dataset(tmp_path / "can" / "meta.json")
    assert told(listed) == [row for row in told(data) if row[3] is not None]
    assert sum(s.split == "validation" for s in listed) == 3
    write_samples(data, tmp_path / "can" / "all.csv")
    assert told(read_dataset(tmp_path / "can" / "all.csv")) == told(data)


def test_a_meta_json_has_the_form_that_others_read(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec(tmp_path / "bolt", ["bent"]))
    write_meta(data, tmp_path / "meta.json")
    content = json.loads((tmp_path / "meta.json").read_text("utf-8"))
    assert list(content) == ["train", "test"]
    assert content["test"]["bolt"][0] == {
        "img_path": "bolt/test/bent/000.png",
        "mask_path": "bolt/ground_truth/bent/000_mask.png",
        "cls_name": "bolt",
        "specie_name": "bent",
        "anomaly": 1,
    }
    assert content["train"]["bolt"][0]["mask_path"] == ""


def test_several_masks_go_into_a_meta_json_as_their_folder_or_not_at_all(tmp_path: Path) -> None:
    data = read_dataset(build.mvtec_loco(tmp_path / "box"))
    write_meta(data, tmp_path / "meta.json")
    content = json.loads((tmp_path / "meta.json").read_text("utf-8"))
    row = content["test"]["box"][1]
    assert row["mask_path"] == "box/ground_truth/logical_anomalies/000"
    read = read_dataset(build.table(tmp_path / "scattered"))
    build.mask(tmp_path / "scattered/truth/three.png")
    with pytest.raises(DataError, match=r"bad.png has 2 masks, and meta.json takes one"):
        write_meta(read, tmp_path / "other.json")
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_however_a_spreadsheet_saves_it(tmp_path: Path, separator: str) -> None:
    data = read_dataset(build.table(tmp_path / "bolts", separator=separator))
    assert (data.layout, data.categories) == ("table", ("bolts",))
    assert [(s.split, s.label, s.defect) for s in data] == [
        ("train", 0, "good"),
        ("train", 0, "good"),
        ("test", 0, "good"),
        ("test", 1, "dent"),
        ("test", None, "unknown"),
    ]
    assert true_mask(data.samples[3], (10, 12)).sum() == 18
    assert "bolts/" not in data.describe()
    assert "set.csv: 5 taken as list of bolts (3 test, 2 train)" in data.describe()


def test_a_tables_words_for_splits_and_labels_are_understood(tmp_path: Path) -> None:
    for index in range(4):
        build.picture(tmp_path / f"{index}.png")
    (tmp_path / "a.csv").write_text(
        "Label, Path ,split,category\n"
        "good,0.png,Training,a\nnormal,1.png,val,a\nAnomaly,./2.png,TEST,b\nNone,3.png,,b\n"
    )
    data = read_dataset(tmp_path / "a.csv")
    assert [(s.category, s.name, s.split, s.label) for s in data] == [
        ("a", "0.png", "train", 0),
        ("a", "1.png", "validation", 0),
        ("b", "2.png", "test", 1),
        ("b", "3.png", "test", None),
    ]


def test_every_bad_row_of_a_table_is_named_in_one_go(tmp_path: Path) -> None:
    file = build.table(tmp_path)
    with file.open("a", newline="") as lines:
        lines.write(",test,0,,\r\npics/bad.png,tset,0,,\r\npics/bad.png,test,2,,\r\n")
        lines.write("pics/n0.png,train,0,,\r\npics/gone.png,test,0,,\r\n")
    with pytest.raises(DataError) as caught:
        read_dataset(file)
    said = str(caught.value)
    assert said.startswith("5 files cannot be used")
    for part in (
        "line 7 has no path",
        "line 8 has split 'tset'; it must be train, validation or test",
        "line 9 has label '2'; it must be 0, 1 or empty",
        "line 10 lists pics/n0.png",
        "gone.png does not exist",
    ):
        assert part in said, said
    assert len(read_dataset(file, problems="skip")) == 5


def test_a_normal_image_whose_mask_is_not_empty_is_a_problem(tmp_path: Path) -> None:
    build.picture(tmp_path / "a.png")
    build.picture(tmp_path / "b.png")
    build.mask(tmp_path / "a_mask.png")
    build.mask(tmp_path / "b_mask.png", 0)
    rows = "".join(f"{name}.png,test,0,,{name}_mask.png\n" for name in "ab")
    (tmp_path / "set.csv").write_text(f"path,split,label,defect,mask_path\n{rows}")
    with pytest.raises(DataError, match=r"^1 file .*\n.*a.png is normal, and its mask"):
        read_dataset(tmp_path / "set.csv")


def test_foreign_and_damaged_lists_are_explained(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,class\nx.png,0\n")
    with pytest.raises(DataError, match=r"a.csv has no column path; expected is .*'image,class'"):
        read_dataset(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"path,label\n\xff\xfe.png,0\n")
    with pytest.raises(DataError, match="Save the table as UTF-8"):
        read_dataset(tmp_path / "b.csv")
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(DataError, match=r"c\.json cannot be read as JSON"):
        read_dataset(tmp_path / "c.json")
    (tmp_path / "d.json").write_text('{"images": []}')
    with pytest.raises(DataError, match=r"d\.json is not a meta.json"):
        read_dataset(tmp_path / "d.json")
    (tmp_path / "e.json").write_text('{"train": {"a": [{"anomaly": 0}, {"img_path": "x"}]}}')
    with pytest.raises(
        DataError, match=r"(?s)train/a\[0\] has no img_path.*\[1\] has anomaly None"
    ):
        read_dataset(tmp_path / "e.json")
    (tmp_path / "f.json").write_text('{"train": {"../up": [{"img_path": "x", "anomaly": 0}]}}')
    with pytest.raises(DataError, match="which cannot be a folder's name"):
        read_dataset(tmp_path / "f.json")
    with pytest.raises(DataError, match=r"a\.csv is a file, not a folder"):
        read_dataset(tmp_path / "a.csv", "mvtec")
    with pytest.raises(DataError, match=r"gone\.csv does not exist"):
        read_dataset(tmp_path / "gone.csv")
