"""A run folder gives the same scores back, or says what is wrong with it."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.surfaces import make_model
from workbench import files
from workbench.errors import RunError
from workbench.excavation import run_format
from workbench.excavation.detector import Excavation
from workbench.excavation.excavate import excavate
from workbench.excavation.run_format import read_header


@pytest.fixture
def run(dataset, model, tmp_path) -> Path:
    return excavate(dataset, model, shots=3, seed=1, k=8).save(tmp_path / "run")


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"normality": "moments"},
        {"text_weight": 0.0},
        {"fusion": "raw", "neighbours": 2, "metric": "squared_euclidean", "selection": "random"},
    ],
)
def test_a_run_read_back_gives_identical_scores(dataset, model, tmp_path, choices) -> None:
    made = excavate(dataset, model, shots=3, seed=1, k=8, **choices)
    read = Excavation.load(made.save(tmp_path / "run"), model)
    for a, b in zip(made.score(dataset.samples), read.score(dataset.samples), strict=True):
        assert a.fused.tobytes() == b.fused.tobytes()
        assert a.shares(0, 0).tobytes() == b.shares(0, 0).tobytes()
    for name in ("settings", "category", "support", "shots", "seed", "neurons", "fingerprint"):
        assert getattr(made, name) == getattr(read, name), name
    np.testing.assert_array_equal(made.sensitivity, read.sensitivity)
    assert made.display_range() == read.display_range()
    assert made.held_out_scores == read.held_out_scores


def test_the_same_excavation_is_the_same_bytes(dataset, model, tmp_path) -> None:
    for name in ("a", "b"):
        excavate(dataset, model, shots=3, k=8).save(tmp_path / name)
    for file in ("run.json", "tensors.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_how_the_support_was_drawn_is_kept(dataset, model, tmp_path) -> None:
    drawn = excavate(dataset, model, shots=3, seed=1, k=8, protocol="nested", contaminated=1)
    assert (drawn.protocol, drawn.contaminated, drawn.shots) == ("nested", 1, 3)
    assert drawn.support[-1].startswith("test/spot/")
    read = Excavation.load(drawn.save(tmp_path / "drawn"), model)
    assert (read.protocol, read.contaminated, read.support) == ("nested", 1, drawn.support)
    given = excavate(dataset, model, k=8)
    read = Excavation.load(given.save(tmp_path / "given"), model)
    assert (read.protocol, read.contaminated, read.shots) == (None, 0, None)


def test_a_run_from_before_there_was_a_choice_of_protocol_is_read(run, model) -> None:
    file = run / run_format.JSON_NAME
    content = json.loads(file.read_bytes())
    for name in ("sha256", "protocol", "contaminated"):
        del content[name]
    files.write_json(file, {**content, "sha256": run_format._checksum(content)})
    read = Excavation.load(run, model)
    assert (read.protocol, read.contaminated) == ("nested", 0)


def test_the_header_says_how_to_repeat_it(run, model) -> None:
    header = read_header(run)
    assert header.category == "metal_sheet"
    assert header.model["fingerprint"] == model.fingerprint
    assert header.content["seed"] == 1
    assert len(header.content["support"]) == 3
    assert header.content["made_with"]["torch"]
    assert str(run.parent) not in (run / "run.json").read_text()


def test_another_models_run_is_refused(run) -> None:
    with pytest.raises(RunError, match=r"run\.json was made with tiny .*other weights.* Load that"):
        Excavation.load(run, make_model(seed=1))
    with pytest.raises(RunError, match=r"other input size: \[32, 32\] then, \[48, 48\] now"):
        Excavation.load(run, make_model(image_size=48))


def test_an_edited_setting_is_recognised(run, model) -> None:
    content = json.loads((run / "run.json").read_text())
    content["settings"]["text_weight"] = 0.9
    (run / "run.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"run\.json was edited .* Excavate again"):
        Excavation.load(run, model)


def test_reformatting_the_json_is_no_edit(run, model) -> None:
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content, sort_keys=True))
    assert Excavation.load(run, model).category == "metal_sheet"


def test_edited_and_truncated_tensors_are_recognised(run, model) -> None:
    file = run / "tensors.safetensors"
    whole = file.read_bytes()
    for damaged in (whole[:-4], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        file.write_bytes(damaged)
        with pytest.raises(RunError, match=r"tensors\.safetensors does not belong .*edited"):
            Excavation.load(run, model)
    file.unlink()
    with pytest.raises(RunError, match=r"tensors\.safetensors cannot be read"):
        Excavation.load(run, model)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "other"}', "\x00"])
def test_a_damaged_or_foreign_json_is_named(run, model, content) -> None:
    (run / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json is (damaged|not the record)"):
        Excavation.load(run, model)


def test_another_version_is_refused(run, model) -> None:
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**content, "version": 3}))
    with pytest.raises(RunError, match="format version 3, and this workbench reads version 2"):
        Excavation.load(run, model)


def test_missing_folders_are_explained(run, model) -> None:
    with pytest.raises(RunError, match="nowhere does not exist"):
        Excavation.load(run / "nowhere", model)
    with pytest.raises(RunError, match="is a file, not a run folder"):
        Excavation.load(run / "run.json", model)
    (run / "empty").mkdir()
    with pytest.raises(RunError, match=r"no finished run: run\.json is missing"):
        Excavation.load(run / "empty", model)


def test_a_taken_folder_is_kept_unless_told_otherwise(run, dataset, model) -> None:
    excavation = excavate(dataset, model, k=8, text_weight=0.0)
    before = (run / "run.json").read_bytes()
    with pytest.raises(RunError, match="exists already"):
        excavation.save(run)
    assert (run / "run.json").read_bytes() == before
    excavation.save(run, overwrite=True)
    assert Excavation.load(run, model).text is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunError("no space left")])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_interrupted_save_leaves_nothing_behind(
    dataset, model, run, monkeypatch, error, overwrite
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(run_format, "write_json", fail)  # after the tensors, before the header
    target = run if overwrite else run.parent / "new"
    before = {path: path.read_bytes() for path in run.iterdir()}
    with pytest.raises((KeyboardInterrupt, RunError)):
        excavate(dataset, model, k=8).save(target, overwrite=overwrite)
    assert {path: path.read_bytes() for path in run.iterdir()} == before
    assert [path.name for path in run.parent.iterdir()] == ["run"]


def test_a_full_disk_is_named(dataset, model, tmp_path, monkeypatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(RunError, match=r"cannot write .*No space left on device"):
        excavate(dataset, model, k=8).save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
