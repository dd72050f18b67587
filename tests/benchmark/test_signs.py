"""The sign of text alone: above chance, below it, or open; per category, whatever the seeds."""

from tests.benchmark.grids import made_up
from workbench.baselines.registry import METHODS
from workbench.benchmark.cell import Cell, Key
from workbench.benchmark.signs import TEXT_ALONE, Sign, sign
from workbench.benchmark.summary import summarise
from workbench.benchmark.tables import html, latex, markdown, sign_rows


def row(category: str, value: float | None, reach: float = 0.05, seed: int = 0) -> dict:
    low, high = (None, None) if value is None else (value - reach, value + reach)
    name = "image_auroc"
    return {
        "category": category,
        "seed": seed,
        name: value,
        f"{name}_low": low,
        f"{name}_high": high,
    }


def test_a_category_is_counted_by_where_its_interval_lies() -> None:
    rows = [row("a", 0.7), row("b", 0.3), row("c", 0.52), row("d", 0.6), row("e", None)]
    assert sign(rows, "image_auroc") == Sign(above=2, below=1, open=1)


def test_one_seed_that_cannot_tell_leaves_a_category_open() -> None:
    rows = [row("a", 0.3), row("a", 0.47, seed=1), row("b", 0.3), row("b", 0.2, seed=1)]
    assert sign(rows, "image_auroc") == Sign(below=1, open=1)


def test_without_an_interval_a_category_is_open_and_without_a_figure_nothing_is_said() -> None:
    assert sign([{"category": "a", "image_auroc": 0.9}], "image_auroc") == Sign(open=1)
    assert str(sign([row("a", None)], "image_auroc")) == "undefined"


def test_text_alone_are_methods_that_there_are() -> None:
    assert set(TEXT_ALONE) <= set(METHODS)
    assert {name for name in METHODS if name.startswith("text_")} <= set(TEXT_ALONE)


def test_tables_of_every_kind_report_the_sign_of_text_alone_and_of_nothing_else() -> None:
    def cell(method: str, category: str, value: float) -> Cell:
        found = made_up(Key("drawn", category, method, 0, 0), value)
        measures = {
            **found.measures,
            "image_auroc": {"value": value, "low": value - 0.1, "high": value + 0.1},
        }
        return Cell(found.key, found.support, (), measures, found.scores)

    cells = [cell("text_patches", "a", 0.2), cell("text_patches", "b", 0.9), cell("lake", "a", 0.9)]
    [(method, shots, image, _)] = sign_rows(cells)
    assert (method, shots, image) == ("text_patches", "0", "+ in 1, − in 1, open in 0")
    summaries = summarise(cells)
    for make in (markdown, html):
        assert image in make("drawn", summaries, (), cells)
    assert "+ in 1, $-$ in 1" in latex("drawn", summaries, (), cells)
    assert "anti-aligned" not in markdown("drawn", summaries, (), cells[2:])
