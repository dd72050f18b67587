"""`workbench figures`, from a small run of the demo verb to files."""

import json
import shutil
from pathlib import Path

import pytest

from tests.clip.models_on_disk import open_clip_folder
from tests.figures import folders
from tests.surfaces import draw_category
from tests.verbs.test_verbs import refused, run
from workbench import cli, paths
from workbench.figures.catalogue import KINDS


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """What `workbench demo` writes, of two drawn categories and a tiny model."""
    root = tmp_path_factory.mktemp("demo")
    for category in ("bolt", "nut"):
        draw_category(root / "data" / category)
    model = open_clip_folder(root / "tiny")
    words = ["demo", "--model", model, "--activation", "gelu", "--k", "8", "--shots", "2"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paths, "demo_images", lambda: root / "data")
        assert cli.main([str(word) for word in (*words, "--out", root / "out")]) == 0
    return root / "out"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_gives_its_figures_with_captions_and_data(capsys, demo, tmp_path):
    status, said, _ = run(capsys, "figures", demo, "--out", tmp_path / "f", "--format", "html")
    assert status == 0
    made = files(tmp_path / "f")
    record = json.loads(made["figures.json"])
    names = {one["name"] for one in record["figures"]}
    assert names == {"overview", "spectrum", "overlap", "qualitative", "curves", "comparison"}
    assert names | set(record["left_out"]) == {kind.name for kind in KINDS}
    for name in names:
        assert {f"{name}.html", f"{name}.txt", f"{name}.csv"} <= set(made)
    assert "left out: layers needs a sweep: workbench claims DATA" in said
    assert b"seed 0" in made["qualitative.txt"]
    assert b"2 normal images" in made["overview.txt"]
    rows = made["qualitative.csv"].decode().splitlines()
    assert rows[0] == "category,image,score,what,row,column,neuron,value"
    run(capsys, "figures", demo, "--out", tmp_path / "g", "--format", "html")
    assert {**files(tmp_path / "g"), "figures.json": b""} == {**made, "figures.json": b""}


def test_without_a_browser_html_comes_out_and_one_line_says_the_rest(
    capsys, demo, tmp_path, monkeypatch
):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    status, said, _ = run(capsys, "figures", demo, "--out", tmp_path / "f", "--format", "pdf")
    assert status == 1
    assert (tmp_path / "f" / "overview.html").is_file()
    assert not list((tmp_path / "f").glob("*.pdf"))
    told = [line for line in said.splitlines() if "no Chrome or Chromium" in line]
    assert len(told) == 1
    assert "pdf are missing, HTML is there" in told[0]


def test_pictures_that_are_gone_leave_their_figures_out(capsys, demo, tmp_path):
    moved = shutil.copytree(demo, tmp_path / "demo")
    text = (moved / "per_image.csv").read_text("utf-8").replace(str(demo.parent), "/gone")
    (moved / "per_image.csv").write_text(text, "utf-8")
    _, said, _ = run(capsys, "figures", moved, "--out", tmp_path / "f", "--format", "html")
    assert "left out: overview needs the pictures where the run found them: /gone/" in said
    assert (tmp_path / "f" / "spectrum.html").is_file()
    assert not (tmp_path / "f" / "qualitative.html").exists()


def test_an_older_run_lacks_curves_and_says_what_writes_them(capsys, demo, tmp_path):
    older = shutil.copytree(demo, tmp_path / "demo")
    (older / "curves.json").unlink()
    _, said, _ = run(capsys, "figures", older, "--out", tmp_path / "f", "--dry-run")
    assert "left out: curves needs curves.json, which is written by: workbench demo" in said


def test_a_dry_run_says_what_would_be_drawn_and_writes_nothing(capsys, demo, tmp_path):
    _, said, _ = run(capsys, "figures", demo, "--out", tmp_path / "f", "--dry-run")
    assert "would:\n  load " in said
    assert "draw overview, spectrum" in said
    assert said.endswith("dry run: nothing was computed or written.\n")
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_refused_before_anything_is_drawn(capsys, demo, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("precious")
    asked = ("figures", demo, "--out", tmp_path / "mine")
    assert "exists already" in refused(capsys, *asked)
    assert "did not write" in refused(capsys, *asked, "--overwrite")
    out = ("--out", tmp_path / "f")
    assert "is not a list of formats" in refused(capsys, "figures", demo, *out, "--format", "gif")
    assert "--time-limit is 0" in refused(capsys, "figures", demo, *out, "--time-limit", "0")
    assert "does not exist" in refused(capsys, "figures", tmp_path / "no", *out)
    assert not (tmp_path / "f").exists()


def test_figures_replace_figures_and_a_benchmark_has_its_own(capsys, tmp_path):
    results = folders.benchmark(tmp_path / "b")
    asked = ("figures", results, "--out", tmp_path / "f", "--format", "html")
    assert run(capsys, *asked)[0] == 0
    assert "exists already" in refused(capsys, *asked)
    assert run(capsys, *asked, "--overwrite")[0] == 0
    assert (tmp_path / "f" / "shots.html").is_file()


def test_results_of_an_older_schema_are_refused_in_one_line(capsys, tmp_path):
    (tmp_path / "results.json").write_text('{"schema": 0}')
    said = refused(capsys, "figures", tmp_path, "--out", tmp_path / "f")
    assert "has schema 0" in said
    assert said.count("\n") == 1
