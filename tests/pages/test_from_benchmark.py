import csv

import pytest

from workbench.baselines.registry import methods
from workbench.benchmark.cell import Cell, Key
from workbench.benchmark.grid import Grid
from workbench.benchmark.summary import summarise
from workbench.evaluation.category import METRICS
from workbench.excavation.settings import Settings
from workbench.pages.benchmark import benchmark_html
from workbench.pages.from_benchmark import benchmark_report

CONTENT = {
    "command": "workbench benchmark mvtec --out bench",
    "identity": {
        "model": {"name": "tiny"},
        "data": {"mvtec": {"tile": "abc"}},
        "protocol": {"maps": "bilinear"},
    },
    "versions": {"numpy": "2.9"},
    "data": ["1 category"],
}
BTAD = ("01", "02", "03")


def cell(category, method, seed, value, draws=1):
    measures = {
        m: {"value": value, "low": value - 0.1, "high": value, "definition": m} for m in METRICS
    }
    support = () if method == "text_patches" else (f"train/good/{seed}.png",)
    shots = 1 if support else 0
    return Cell(
        Key("folder", category, method, shots, seed if shots else 0),
        support,
        (),
        measures,
        ((0.1, 0.9),) * draws,
        gallery_bytes=1000 * (seed + 1),
    )


@pytest.fixture
def made(tmp_path):
    cells = [
        *(cell(name, "lake", seed, 0.6 + 0.1 * seed) for name in BTAD for seed in (0, 1)),
        *(cell(name, "random_k", 0, 0.5, draws=4) for name in BTAD),
        *(cell(name, "text_patches", 0, 0.4) for name in BTAD),
    ]
    rows = [
        {
            **{k: getattr(c.key, k) for k in ("data", "category", "method", "shots", "seed")},
            "contaminated": 0,
            "images": 10,
            "fit": 8.0,
            "judge": 4.0,
            "measure": 1.0,
            "gallery_bytes": c.gallery_bytes,
        }
        for c in cells
    ]
    with (tmp_path / "timing.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    grid = Grid(tuple(methods(["lake", "random_k", "text_patches"], Settings())), (1,), (0, 1))
    return benchmark_report(
        {**CONTENT, "grid": grid.to_dict()}, grid, cells, summarise(cells), tmp_path
    )


def test_means_over_categories_and_seeds_reach_the_page(made):
    lake = next(row for row in made.summary if row["method"] == "lake")
    assert lake["image_auroc"] == (pytest.approx(0.65), pytest.approx(0.1 * 0.5**0.5))
    assert "65.0" in benchmark_html(made)


def test_published_figures_come_as_fractions_with_the_data_they_belong_to(made):
    (theirs,) = made.published  # BTAD, by its categories' names
    assert theirs["dataset"] == "BTAD"
    assert theirs["data"] == "folder"
    assert theirs["shots"] is None
    assert theirs["image_auroc"] == pytest.approx(0.962)


def test_times_are_per_draw_and_image(made):
    times = {row["method"]: row for row in made.timing}
    assert times["lake"]["judge, ms per image"] == pytest.approx(400)
    assert times["random_k"]["judge, ms per image"] == pytest.approx(100)
    assert times["random_k"]["fit, s"] == pytest.approx(2)
    assert times["lake"]["gallery bytes"] == 2000


def test_every_support_set_is_in_the_protocol_once(made):
    assert made.protocol["support"] == {
        f"folder {name}, 1 shots, seed {seed}": [f"train/good/{seed}.png"]
        for name in BTAD
        for seed in (0, 1)
    }
