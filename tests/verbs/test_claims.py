"""`workbench claims`, from options to files."""

import argparse
import csv
import json
import shutil

import pytest

from tests.clip.models_on_disk import open_clip_folder
from tests.surfaces import draw_category
from workbench.errors import RunError, SettingError
from workbench.verbs import claims

FILES = ("ledger.json", "ledger.md", "effects.csv", "sweep.csv", "claims.html")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_clip_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "spots"
    draw_category(root, normals=4)
    return root


def run(*words):
    parser = argparse.ArgumentParser()
    claims.options(parser)
    given = [str(word) for word in words]
    options = parser.parse_args(given)
    options.command = " ".join(["workbench", "claims", *given])
    return claims.run(options)


def measuring(data, model, out, *more):
    small = ("--k", 8, "--shots", "2", "--seeds", "0", "--draws", 2)
    return run(data, "--model", model, "--activation", "gelu", "--out", out, *small, *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, data, model):
    """Claims 5 and 6 of the drawn category."""
    out = tmp_path_factory.mktemp("out") / "claims"
    measuring(data, model, out, "--claims", "5,6")
    return out


def test_it_writes_the_ledger_its_tables_and_its_page(folder):
    ledger = json.loads((folder / "ledger.json").read_text("utf-8"))
    assert [claim["number"] for claim in ledger["claims"]] == [5, 6]
    assert all(
        claim["verdict"] in ("holds", "does not hold", "undecided") for claim in ledger["claims"]
    )
    with (folder / "effects.csv").open(encoding="utf-8") as file:
        effects = list(csv.DictReader(file))
    assert {row["claim"] for row in effects} == {"5", "6"}
    assert all(float(row["low"]) <= float(row["points"]) <= float(row["high"]) for row in effects)
    with (folder / "sweep.csv").open(encoding="utf-8") as file:
        assert {row["x_name"] for row in csv.DictReader(file)} == {
            "contaminated images of 2",
            "factor on the neurons' deviation from normal",
        }
    page = (folder / "claims.html").read_text("utf-8")
    assert "amplified - random sets amplified" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://arxiv.org", "")


def test_going_on_with_what_is_finished_leaves_the_same_bytes(folder, data, model, tmp_path):
    before = {name: (folder / name).read_bytes() for name in FILES}
    measuring(data, model, folder, "--claims", "5,6", "--resume")
    assert {name: (folder / name).read_bytes() for name in FILES} == before


def test_a_folder_is_judged_again_from_its_cells_without_the_data(folder, tmp_path):
    outcome = run(folder, "--claims", "6", "--out", tmp_path / "again")
    (again,) = outcome.data["claims"]
    first = json.loads((folder / "ledger.json").read_text("utf-8"))["claims"][1]
    assert json.loads(json.dumps(again)) == first
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == sorted(FILES)


def test_claims_without_cells_are_undecided_and_say_what_to_run(folder, tmp_path):
    outcome = run(folder, "--out", tmp_path / "all")
    by_number = {claim["number"]: claim for claim in outcome.data["claims"]}
    assert set(by_number) == {1, 2, 3, 4, 5, 6}
    for number in (1, 2, 3, 4):
        assert by_number[number]["verdict"] == "undecided"
        assert f"--claims {number} --resume" in by_number[number]["missing"]
    assert outcome.text.count("undecided: not measured") == 4
    assert "Run: workbench claims" in (tmp_path / "all" / "claims.html").read_text("utf-8")


def test_a_benchmarks_folder_is_judged_as_far_as_it_goes(folder, tmp_path):
    """A benchmark says nothing of claims in its `benchmark.json`, and has no changed passes."""
    bench = tmp_path / "bench"
    shutil.copytree(folder, bench)
    content = json.loads((bench / "benchmark.json").read_text("utf-8"))
    del content["claims"]
    content["command"] = "workbench benchmark spots --out bench"
    (bench / "benchmark.json").write_text(json.dumps(content))
    shutil.rmtree(bench / "elicitation")
    shutil.copytree(bench / "contamination" / "cells", bench / "cells", dirs_exist_ok=True)
    shutil.rmtree(bench / "contamination")
    outcome = run(bench, "--out", tmp_path / "judged")
    assert [claim["verdict"] for claim in outcome.data["claims"]] == ["undecided"] * 6
    assert "workbench claims spots --claims 6 --out DIR" in outcome.data["claims"][5]["missing"]


def test_a_claim_measured_later_joins_the_ledger(folder, data, model, tmp_path):
    out = tmp_path / "claims"
    shutil.copytree(folder, out)
    shutil.rmtree(out / "contamination")
    content = json.loads((out / "benchmark.json").read_text("utf-8"))
    content["claims"]["plan"]["claims"] = [6]
    (out / "benchmark.json").write_text(json.dumps(content))
    outcome = measuring(data, model, out, "--claims", "5", "--resume")
    assert [claim["number"] for claim in outcome.data["claims"]] == [5, 6]
    assert not any(claim["missing"] for claim in outcome.data["claims"])


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(data, model, tmp_path):
    outcome = measuring(data, model, tmp_path / "out", "--dry-run")
    assert "K = 8 of 32 channels" in outcome.text
    assert "cells of detection" in outcome.text
    assert outcome.data["dry_run"] is True
    assert not (tmp_path / "out").exists()


def test_a_dry_run_over_a_folder_writes_nothing(folder, tmp_path):
    outcome = run(folder, "--out", tmp_path / "again", "--dry-run")
    assert "judge claims 1, 2, 3, 4, 5, 6 again" in outcome.text
    assert not (tmp_path / "again").exists()


def test_the_folder_of_something_else_is_not_gone_on_with(folder, data, model):
    with pytest.raises(RunError, match="random draws was 2, now 3"):
        measuring(data, model, folder, "--draws", 3, "--resume")


def test_a_finished_folder_is_not_overwritten_unasked(folder, data, model):
    with pytest.raises(RunError, match="exists already"):
        measuring(data, model, folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--claims", "7"), "no claim 7"),
        (("--claims", "one"), "--claims 'one'"),
        (("--shots", "9"), "4 training normals"),
        (("--k", "99"), "32 channels"),
        (("--resume", "--overwrite"), "say one"),
    ],
)
def test_what_cannot_be_measured_is_refused(data, model, tmp_path, words, message):
    with pytest.raises(SettingError, match=message):
        measuring(data, model, tmp_path / "out", *words)
    assert not (tmp_path / "out").exists()


def test_measuring_needs_a_place_to_write(data, model):
    with pytest.raises(SettingError, match="--out DIR"):
        run(data, "--model", model)


def test_what_is_measured_already_takes_no_further_choices(folder):
    with pytest.raises(SettingError, match="--k has nothing to act on"):
        run(folder, "--k", 5)


def test_by_default_there_are_as_many_shots_as_the_data_have_normals(data, model):
    from workbench.clip.loading import load_model
    from workbench.images.layouts import read_dataset

    parser = argparse.ArgumentParser()
    claims.options(parser)
    options = parser.parse_args([str(data), "--k", "8"])
    tiny = load_model(str(model), activation="gelu")
    assert claims._plan(options, (4,), read_dataset(data), tiny).shots == (1, 2, 4)
