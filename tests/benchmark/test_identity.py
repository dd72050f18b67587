"""A benchmark's folder knows what it is of, and refuses cells of anything else."""

import pytest
from PIL import Image

from tests.surfaces import draw_category
from workbench.benchmark.identity import JSON_NAME, begin, contents, identity, read
from workbench.errors import RunError
from workbench.images.layouts import read_dataset


@pytest.fixture
def drawn(tmp_path):
    return draw_category(tmp_path / "tiles", normals=2, tests=2)


def content(drawn, **model):
    of = identity({"name": "tiny", "fingerprint": "a", **model}, {"drawn": drawn}, {"draws": 2})
    grid = {"methods": {"lake": {}}, "shots": [2], "seeds": [0]}
    return {"identity": of, "command": "workbench benchmark", "grid": grid}


def test_a_new_folder_is_begun_and_read_back(drawn, tmp_path) -> None:
    begin(tmp_path / "out", content(drawn), resume=False)
    assert read(tmp_path / "out") == content(drawn)


def test_another_model_is_refused_by_name(drawn, tmp_path) -> None:
    begin(tmp_path / "out", content(drawn), resume=False)
    with pytest.raises(RunError, match="model fingerprint was a, now b"):
        begin(tmp_path / "out", content(drawn, fingerprint="b"), resume=True)


def test_changed_images_are_refused_by_category(drawn, tmp_path) -> None:
    begin(tmp_path / "out", content(drawn), resume=False)
    Image.new("RGB", (44, 36)).save(drawn.samples[0].path)
    with pytest.raises(RunError, match="split of drawn tiles have changed"):
        begin(tmp_path / "out", content(read_dataset(drawn.root)), resume=True)


def test_a_changed_mask_changes_the_checksum(drawn) -> None:
    before = contents(drawn["tiles"])
    masked = next(sample for sample in drawn.samples if sample.mask_path)
    assert masked.mask_path is not None
    Image.new("L", (44, 36), 255).save(masked.mask_path)
    assert contents(drawn["tiles"]) != before


def test_the_order_of_the_table_makes_no_difference(drawn) -> None:
    assert contents(drawn["tiles"]) == contents(tuple(reversed(drawn["tiles"])))


def test_going_on_must_be_asked_for(drawn, tmp_path) -> None:
    begin(tmp_path / "out", content(drawn), resume=False)
    with pytest.raises(RunError, match="--resume"):
        begin(tmp_path / "out", content(drawn), resume=False)
    begin(tmp_path / "out", content(drawn), resume=True)


def test_what_was_asked_for_before_is_kept(drawn, tmp_path) -> None:
    begin(tmp_path / "out", content(drawn), resume=False)
    more = {"methods": {"text_only": {}}, "shots": [1], "seeds": [0, 1]}
    begin(tmp_path / "out", {**content(drawn), "grid": more}, resume=True)
    joined = {"methods": {"lake": {}, "text_only": {}}, "shots": [1, 2], "seeds": [0, 1]}
    assert read(tmp_path / "out")["grid"] == joined


def test_somebody_elses_folder_is_left_alone(drawn, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is no benchmark"):
        begin(tmp_path / "out", content(drawn), resume=True)


def test_what_is_no_benchmark_or_damaged_is_said(tmp_path) -> None:
    with pytest.raises(RunError, match="is no benchmark"):
        read(tmp_path)
    (tmp_path / JSON_NAME).write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        read(tmp_path)
