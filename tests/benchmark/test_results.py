"""From cells to means and tables: what is measured and what is published stay apart."""

import csv
import re

import pytest

from tests.benchmark.grids import made_up
from workbench.benchmark.cell import Cell, Key, over_draws
from workbench.benchmark.published import SETS, published, recognised
from workbench.benchmark.results import write_csv
from workbench.benchmark.summary import summarise
from workbench.benchmark.tables import COLUMNS, html, latex, markdown, undefined
from workbench.errors import RunError
from workbench.evaluation.measure import Measure


def grid_of(values: dict[tuple[str, int], float | None], method: str = "lake") -> list[Cell]:
    """Cells of (category, seed) with a value each."""
    return [
        made_up(Key("drawn", category, method, 4, seed), value)
        for (category, seed), value in values.items()
    ]


def test_means_are_over_categories_first_and_deviations_between_seeds() -> None:
    cells = grid_of({("a", 0): 0.5, ("b", 0): 0.7, ("a", 1): 0.9, ("b", 1): 0.7})
    [mean] = [s for s in summarise(cells) if s.category == "mean"]
    spread = mean.metrics["image_auroc"]
    assert spread.mean == pytest.approx(0.7)
    assert spread.deviation == pytest.approx(0.2 / 2**0.5)
    assert (spread.seeds, spread.categories) == (2, 2)


def test_a_single_seed_has_no_deviation() -> None:
    [mean] = [s for s in summarise(grid_of({("a", 0): 0.5})) if s.category == "mean"]
    assert mean.metrics["image_auroc"].percent() == "50.0"


def test_what_is_undefined_is_left_out_of_the_mean_and_said() -> None:
    cells = grid_of({("a", 0): None, ("b", 0): 0.7})
    found = {s.category: s.metrics["pixel_aupro"] for s in summarise(cells)}
    assert found["mean"].mean == pytest.approx(0.7)
    assert found["mean"].categories == 1
    assert found["a"].percent() == "undefined"
    assert "pixel_aupro: no masks" in cells[0].row()["undefined"]


def test_categories_left_out_of_a_mean_are_named_in_every_table() -> None:
    cells = grid_of({("a", 0): None, ("b", 0): 0.7})
    said = undefined(cells)
    assert said.startswith("Undefined, and left out of the means: image AUROC")
    assert said.endswith("in a.")
    for make in (markdown, html, latex):
        assert said in make("drawn", summarise(cells), (), cells).replace("`", "")
    assert undefined(grid_of({("b", 0): 0.7})) == ""


def test_every_table_holds_the_same_figures() -> None:
    summaries = summarise(grid_of({("a", 0): 0.612, ("a", 1): 0.634}))
    figures = published("MVTec AD")
    for text in (make("drawn", summaries, figures) for make in (markdown, html)):
        assert "62.3 ± 1.6" in text
        assert "94.7" in text
    text = latex("drawn", summaries, figures)
    assert r"62.3 $\pm$ 1.6" in text
    assert r"\toprule" in text
    body = [line for line in text.replace(r"$\pm$", "").splitlines() if line[:1] != "%"]
    assert not [line for line in body if re.search(r"(?<!\\)[_%#$]", line)]
    widths = {line.count(" & ") for line in body if line.endswith(r"\\")}
    assert len(widths) == 2  # the measured part, and the published one


def test_published_figures_stand_in_columns_of_their_own() -> None:
    text = markdown("mvtec", summarise(grid_of({("a", 0): 0.5})), published("MVTec AD"))
    measured, others = text.split("## Published")
    assert "94.7" not in measured
    assert "published image AUROC" in others
    assert "arXiv 2604.07802" in others


def test_markdown_has_limits_of_metrics_as_code_so_that_none_becomes_a_mail_address() -> None:
    text = markdown("mvtec", summarise(grid_of({("a", 0): 0.5})))
    assert text.count("`AUPRO@0.30`") == text.count("AUPRO@0.30") > 0
    assert text.count("`AUPRO@0.05`") == text.count("AUPRO@0.05") > 0


def test_latex_keeps_names_with_special_letters() -> None:
    cells = grid_of({("a", 0): 0.5}, method="random_k & 100%")
    assert r"random\_k \& 100\%" in latex("drawn", summarise(cells))


def test_a_data_set_is_recognised_by_its_categories() -> None:
    assert recognised(SETS["VisA"].split()) == "VisA"
    assert recognised(["bottle"]) is None
    assert published(recognised(["bottle"])) == ()


def test_every_published_figure_names_its_source() -> None:
    figures = [one for data in SETS for one in published(data)]
    assert len(figures) > 20
    assert all(one.source and 0 < min(one.values.values()) <= 100 for one in figures)


def test_every_column_is_a_metric_of_the_cells() -> None:
    assert set(COLUMNS) <= set(grid_of({("a", 0): 0.5})[0].measures)


def test_several_draws_become_a_mean_with_the_interval_between_them() -> None:
    drawn = [{"image_auroc": Measure("AUROC", value, "exact")} for value in (0.4, 0.5, 0.9)]
    measure = over_draws(drawn)["image_auroc"]
    assert measure["value"] == pytest.approx(0.6)
    assert measure["low"] < 0.42
    assert measure["high"] > 0.87
    assert "3 draws" in measure["definition"]


def test_a_damaged_cell_is_named_with_what_to_do(tmp_path) -> None:
    key = Key("drawn", "a", "lake", 4, 0)
    made_up(key, 0.5).write(tmp_path)
    assert Cell.read(key, tmp_path) == made_up(key, 0.5)
    key.file(tmp_path).write_text("{}")
    with pytest.raises(RunError, match="Delete it and resume"):
        Cell.read(key, tmp_path)


def test_rows_are_read_back_as_written(tmp_path) -> None:
    cells = grid_of({("a", 0): 0.1 + 0.2, ("b, c", 0): None})
    write_csv(tmp_path / "results.csv", [cell.row() for cell in cells])
    with (tmp_path / "results.csv").open(newline="") as file:
        back = list(csv.DictReader(file))
    assert float(back[0]["image_auroc"]) == 0.1 + 0.2
    assert back[1]["category"] == "b, c"
    assert back[1]["image_auroc"] == ""
