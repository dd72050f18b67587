"""`workbench datasets`: what is there is said, what is wrong is a status, a list can be written."""

import json
from pathlib import Path

from tests.images import layout_builders as build
from tests.verbs.test_verbs import refused, run
from workbench.images.layouts import read_dataset


def test_it_says_what_was_found_and_that_it_is_usable(capsys, tmp_path: Path) -> None:
    build.mvtec_ad_2(tmp_path / "can")
    status, out, _ = run(capsys, "datasets", tmp_path)
    assert status == 0
    assert "layout mvtec_ad_2, 1 category, 16 images, 3 masks" in out
    assert "can/test_private/: 2 taken as test images whose truth is withheld" in out
    header, row = (line.split() for line in out.split("\n\n")[1].splitlines())
    assert row == ["can", "3", "3", "3", "3", "4", "3", "12", "x", "10"]
    assert header[:3] == ["category", "training", "normals"]


def test_problems_are_the_status_unless_they_are_skipped(capsys, tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    (root / "test/bent/000.png").write_bytes(b"")
    build.mask(root / "ground_truth/scratch/077_mask.png")
    status, out, _ = run(capsys, "datasets", root, "--write-table", tmp_path / "a.csv")
    assert status == 1
    assert "2 files cannot be used; --skip leaves them out" in out
    assert not (tmp_path / "a.csv").exists()
    status, out, _ = run(capsys, "datasets", root, "--skip", "--write-table", tmp_path / "a.csv")
    assert status == 0
    assert "2 files cannot be used; left out, as asked" in out
    assert len(read_dataset(tmp_path / "a.csv")) == 9


def test_it_tells_a_machine_the_same(capsys, tmp_path: Path) -> None:
    root = build.mtd(tmp_path)
    status, out, _ = run(capsys, "datasets", root, "--json", "--split-seed", 3)
    content = json.loads(out)
    assert (status, content["usable"], content["layout"]) == (0, True, "mtd")
    assert content["categories"][0]["test anomalies"] == 5
    assert "drawn with seed 3" in content["notes"][0]


def test_duplicates_are_listed_and_headers_alone_do_not_find_them(capsys, tmp_path: Path) -> None:
    root = build.mvtec(tmp_path / "bolt")
    for name in ("train/good/twin.png", "test/good/twin.png", "train/good/third.png"):
        (root / name).write_bytes((root / "train/good/000.png").read_bytes())
    (root / "test/bent/twin.png").write_bytes((root / "test/bent/000.png").read_bytes())
    build.mask(root / "ground_truth/bent/twin_mask.png")
    status, out, _ = run(capsys, "datasets", root)
    assert status == 0
    assert "1 test image has the pixels of training images" in out
    assert "twice within a split:\n  bolt: test/bent/000.png = bolt: test/bent/twin.png" in out
    assert "pixels of" not in run(capsys, "datasets", root, "--headers")[1]


def test_lists_are_written_once_and_say_what_they_leave_out(capsys, tmp_path: Path) -> None:
    root = build.mvtec_ad_2(tmp_path / "can")
    words = ["datasets", root, "--write-meta", root / "meta.json"]
    status, out, _ = run(capsys, *words, "--write-table", root / "all.tsv")
    assert status == 0
    assert "meta.json, without 4 images that have no label" in out
    assert len(read_dataset(root / "meta.json")) == 12
    assert len(read_dataset(root / "all.tsv")) == 16
    assert "meta.json exists already" in refused(capsys, *words)
    assert run(capsys, *words, "--overwrite")[0] == 0
    assert "must end in .json" in refused(capsys, "datasets", root, "--write-meta", "a.csv")


def test_where_there_is_no_data_set_it_says_what_is_expected(capsys, tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    said = refused(capsys, "datasets", tmp_path)
    assert "it holds papers/; expected is CATEGORY/train/good" in said
    said = refused(capsys, "datasets", tmp_path, "--layout", "btad")
    assert "no category of the layout btad" in said
    assert "expected is NN/{train/ok, test/{ok,ko}}" in said
    assert "no layout 'coco'" in refused(capsys, "datasets", tmp_path, "--layout", "coco")
    assert "split-seed is -1" in refused(capsys, "datasets", tmp_path, "--split-seed", -1)
