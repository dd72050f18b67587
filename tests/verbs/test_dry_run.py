"""A dry run checks data, model and output, says what would be done, and does nothing."""

import json
import shutil
from pathlib import Path

import pytest

from tests.images import layout_builders as build
from tests.verbs.test_verbs import SMALL, data, model, refused, run, runs
from workbench.clip import building

__all__ = ["data", "model", "runs"]


VERBS = ["excavate", "detect", "evaluate", "record", "neurons"]


@pytest.fixture(autouse=True)
def _nothing_is_loaded(monkeypatch, model, runs) -> None:
    """The run of the fixture is made; from here on no model may be built."""

    def built(*_: object, **__: object) -> None:
        raise AssertionError("a model was built")

    monkeypatch.setattr(building, "build", built)
    monkeypatch.setattr("workbench.clip.loading.build", built)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def words(verb: str, model: Path, data: Path, runs: Path, out: Path) -> list[object]:
    given = {
        "excavate": [data, "--model", model, "--activation", "gelu", *SMALL],
        "detect": [runs / "bolt", data / "bolt/test/spot"],
        "evaluate": [runs, data],
        "record": [data, "--model", model, "--activation", "gelu"],
        "neurons": [runs, "--neuron", "blocks.1.mlp.hook_post:3"],
    }[verb]
    return [verb, *given, "--out", out, "--dry-run"]


@pytest.mark.parametrize("verb", VERBS)
def test_it_says_what_would_be_done_and_writes_nothing(capsys, model, data, runs, tmp_path, verb):
    out = tmp_path / "out"
    before = everything(runs), everything(data)
    status, said, _ = run(capsys, *words(verb, model, data, runs, out))
    assert status == 0
    assert "would:\n  load " in said
    assert str(model) in said
    assert str(out) in said
    assert said.endswith("dry run: nothing was computed or written.\n")
    assert list(tmp_path.iterdir()) == []
    assert (everything(runs), everything(data)) == before
    status, said, _ = run(capsys, *words(verb, model, data, runs, out), "--json")
    assert json.loads(said)["dry_run"] is True


@pytest.mark.parametrize("verb", VERBS)
def test_an_output_that_is_taken_is_refused_as_it_would_be(
    capsys, model, data, runs, tmp_path, verb
):
    (tmp_path / "mine.txt").write_text("precious")
    said = refused(capsys, *words(verb, model, data, runs, tmp_path))
    assert "exists already" in said


@pytest.mark.parametrize("verb", ["excavate", "evaluate"])
def test_data_that_cannot_be_used_is_refused(capsys, model, data, runs, tmp_path, verb) -> None:
    broken = shutil.copytree(data, tmp_path / "data")
    (broken / "nut/test/spot/000.png").write_bytes(b"")
    assert "1 file cannot be used" in refused(
        capsys, *words(verb, model, broken, runs, tmp_path / "out")
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [("nonsense", "no model is called 'nonsense'"), ("ViT-B-32:nope", "neither a file nor a tag")],
)
@pytest.mark.parametrize("verb", ["excavate", "record"])
def test_a_model_that_does_not_exist_is_refused(capsys, data, runs, tmp_path, verb, name, what):
    said = refused(capsys, *words(verb, Path(name), data, runs, tmp_path / "out"))
    assert what in said


def test_a_model_that_would_be_fetched_is_told(capsys, data, runs, tmp_path) -> None:
    name = Path("ViT-L-14-336-quickgelu:openai")
    asked = words("excavate", name, data, runs, tmp_path / "out")
    asked.remove("--activation"), asked.remove("gelu")
    _, said, _ = run(capsys, *asked)
    assert "ViT-L-14-336-quickgelu at 336 x 336 px (open_clip tag openai" in said


def test_the_support_is_named_that_would_be_drawn(capsys, model, data, runs, tmp_path) -> None:
    asked = words("excavate", model, data, runs, tmp_path / "out")
    _, said, _ = run(capsys, *asked, "--protocol", "blocks", "--seed", "1", "--json")
    rows = json.loads(said)["categories"]
    assert [row["support"] for row in rows] == ["train/good/002.png train/good/003.png"] * 2
    _, said, _ = run(capsys, *asked, "--contaminated", "1", "--json")
    assert "test/spot/" in json.loads(said)["categories"][0]["support"].split()[-1]
    assert "contaminated is 3; of 2 shots" in refused(capsys, *asked, "--contaminated", "3")


def test_images_without_labels_are_counted_and_alone_refused(capsys, runs, tmp_path) -> None:
    root = build.mvtec_ad_2(tmp_path / "bolt")
    asked = ["evaluate", runs / "bolt", root, "--out", tmp_path / "out", "--dry-run"]
    _, said, _ = run(capsys, *asked, "--json")
    (row,) = json.loads(said)["categories"]
    assert (row["test normals"], row["test anomalies"], row["without a label"]) == (3, 3, 4)
    shutil.rmtree(root / "test_public")
    assert "test images without labels only" in refused(capsys, *asked)


def test_unreadable_images_are_told_before_a_recording(capsys, model, data, runs, tmp_path) -> None:
    broken = shutil.copytree(data, tmp_path / "data")
    (broken / "nut/test/spot/000.png").write_bytes(b"")
    _, said, _ = run(capsys, *words("record", model, broken, runs, tmp_path / "out"))
    assert "of which 1 do not open" in said
    assert "nut/test/spot/000.png" in said


def test_a_survey_writes_no_list(capsys, data, tmp_path) -> None:
    listed = tmp_path / "meta.json"
    asked = ["datasets", data, "--write-meta", listed, "--write-table", tmp_path / "all.csv"]
    _, said, _ = run(capsys, *asked, "--dry-run")
    assert f"would write {listed}" in said
    assert "dry run: nothing was written." in said
    assert list(tmp_path.iterdir()) == []
    run(capsys, *asked)
    assert len(list(tmp_path.iterdir())) == 2


def test_claims_and_benchmark_say_their_cells_and_write_nothing(capsys, data, tmp_path) -> None:
    for verb, words_of_it in (("benchmark", "cells: shots 1"), ("claims", "put claims 1 to it")):
        more = ["--claims", "1"] if verb == "claims" else ["--methods", "lake_visual"]
        fetched = ["--model", "ViT-B-16-plus-240:laion400m_e31", "--shots", "1", "--seeds", "0"]
        out = ["--out", tmp_path / "out", "--dry-run"]
        _, said, _ = run(capsys, verb, data, *fetched, *more, *out)
        assert words_of_it in said
        assert said.endswith("dry run: nothing was computed or written.\n")
        assert list(tmp_path.iterdir()) == []
