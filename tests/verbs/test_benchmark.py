"""`workbench benchmark` from the command line: what it writes, resumes and refuses."""

import csv
import json

import pytest

from tests.surfaces import draw_category
from workbench.cli import main
from workbench.verbs.numbers import numbers

FEW = ["--methods", "lake_visual,random_k", "--shots", "1,2", "--seeds", "0-1", "--draws", "2"]


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "tiles"
    draw_category(root, normals=3, tests=2)
    return root


def benchmark(tiles, out, *more):
    return main(["benchmark", str(tiles), "--out", str(out), *FEW, *more])


def test_a_grid_becomes_tables_and_a_page_and_grows_when_resumed(tiles, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert benchmark(tiles, out) == 0
    assert "8 cells" in capsys.readouterr().out
    with (out / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert {row["draws"] for row in rows if row["method"] == "random_k"} == {"2"}
    assert (out / "tables" / "tiles.md").is_file()
    assert "lake_visual" in (out / "report.html").read_text("utf-8")
    assert "seconds" not in (out / "results.csv").read_text()
    cells = {path: path.stat().st_mtime_ns for path in (out / "cells").rglob("*_*.json")}
    assert benchmark(tiles, out) == 2
    assert "--resume" in capsys.readouterr().err
    assert benchmark(tiles, out, "--resume", "--methods", "bottom_k,lake_visual") == 0
    assert all(path.stat().st_mtime_ns == when for path, when in cells.items() if path.exists())
    with (out / "results.csv").open(newline="") as file:
        assert {row["method"] for row in csv.DictReader(file)} == {
            "bottom_k",
            "lake_visual",
            "random_k",
        }


def test_resumed_everything_but_the_times_holds_the_same_bytes(tiles, tmp_path) -> None:
    out = tmp_path / "out"
    assert benchmark(tiles, out) == 0
    names = ("benchmark.json", "results.csv", "summary.csv", "per_image.csv", "tables/tiles.md")
    before = {name: (out / name).read_bytes() for name in names}
    next((out / "cells").rglob("random_k.json")).unlink()
    assert benchmark(tiles, out, "--resume") == 0
    assert {name: (out / name).read_bytes() for name in names} == before


def test_kept_features_and_workers_are_rays_too(tiles, tmp_path, monkeypatch) -> None:
    from workbench.benchmark import grid, ray_engine

    asked = {}

    def local(model, data, cells, out, *, batch_size, keep_features, **others):
        asked.update(others, keep_features=keep_features)
        grid.run_grid(model, data, cells, out, batch_size=batch_size)

    monkeypatch.setattr(ray_engine, "run_grid_on_ray", local)
    more = ["--engine", "ray", "--workers", "2", "--keep-features"]
    assert benchmark(tiles, tmp_path / "out", *more) == 0
    assert asked == {"address": None, "workers": 2, "keep_features": True}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(tiles, tmp_path, capsys) -> None:
    assert benchmark(tiles, tmp_path / "out", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "fill 8 cells" in said
    assert "taken as training normals" in said
    assert not (tmp_path / "out").exists()


def test_an_unknown_method_is_refused_with_the_nearest(tiles, tmp_path, capsys) -> None:
    assert benchmark(tiles, tmp_path / "out", "--methods", "patchcore") == 2
    assert "patchcore_recipe" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_results_of_two_data_sets_of_one_name_are_refused(tiles, tmp_path, capsys) -> None:
    assert main(["benchmark", str(tiles), str(tiles), "--out", str(tmp_path / "out"), *FEW]) == 2
    assert "called tiles" in capsys.readouterr().err


def test_the_preset_says_what_is_missing(tmp_path, capsys) -> None:
    asked = [
        "benchmark",
        str(tmp_path / "mvtec"),
        "--preset",
        "paper",
        "--out",
        str(tmp_path / "o"),
    ]
    assert main([*asked, "--dry-run", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["ready"] is False
    assert any("MVTec AD" in line for line in content["missing"])
    assert main(asked) == 2
    assert "cannot be run yet" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "1-", "a", "1,,2", "-1"])
def test_a_list_that_is_none_is_refused(text) -> None:
    with pytest.raises(Exception, match="no list of whole numbers"):
        numbers(text, "--seeds")
