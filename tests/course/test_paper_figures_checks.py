"""The checks of notebook 07: right answers pass, and each plausible mistake is named."""

import statistics
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from workbench.course import paper_figures as checks
from workbench.figures.paper import SINGLE, add_line, sized
from workbench.figures.results_folder import Results


def per_seed(rows):
    seeds = sorted({row["seed"] for row in rows})
    return [
        statistics.fmean(float(row["image_auroc"]) for row in rows if row["seed"] == seed)
        for seed in seeds
    ]


def every(rows):
    return [float(row["image_auroc"]) for row in rows]


def by_category(rows):
    names = sorted({row["category"] for row in rows})
    return [
        statistics.stdev(float(r["image_auroc"]) for r in rows if r["category"] == name)
        for name in names
    ]


def made(bands=True, **changes):
    figure = go.Figure()
    for index, name in enumerate(("lake", "patch_knn")):
        band = ([0.5, 0.6], [0.7, 0.8]) if bands else None
        add_line(figure, name, [1, 4], [0.6, 0.7], index, band=band)
    figure.update_xaxes(title_text="normal images").update_yaxes(title_text="image AUROC")
    return sized(figure, SINGLE, 60).update_layout(**changes)


def in_colour_alone():
    return made().update_traces(line_dash="solid", marker_symbol="circle")


@pytest.fixture
def results():
    about = {
        "identity": {"model": {"name": "demo"}, "data": {"fabric": {"fabric": "1"}}},
        "grid": {"seeds": [0, 1]},
    }
    return Results(Path(), "benchmark", "workbench benchmark fabric", about)


def test_right_answers_pass():
    spread = checks.spread_over_seeds(
        lambda rows: (statistics.fmean(per_seed(rows)), statistics.stdev(per_seed(rows)))
    )
    assert spread.passed, spread.message
    for figure in (made(), made(font_size=9)):
        found = checks.figure_for_print(figure)
        assert found.passed, found.message


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda rows: (np.mean(every(rows)), np.std(per_seed(rows))), "one less"),
        (lambda rows: (np.mean(every(rows)), np.std(every(rows))), "average them first"),
        (lambda rows: (np.mean(every(rows)), np.mean(by_category(rows))), "deviations"),
        (
            lambda rows: (np.mean(every(rows)), statistics.stdev(per_seed(rows)) / 2),
            "standard error",
        ),
        (lambda rows: (100 * np.mean(every(rows)), 1.0), "percent"),
        (lambda rows: (np.median(every(rows)), 1.0), "not the mean"),
        (lambda rows: np.mean(every(rows)), "shape"),
    ],
)
def test_a_wrong_spread_is_named(answer, says):
    found = checks.spread_over_seeds(answer)
    assert not found.passed
    assert says in found.message


@pytest.mark.parametrize(
    ("figure", "says"),
    [
        (go.Figure(), "not yet"),
        (..., "not yet"),
        (3, "plotly figure"),
        (made(template="plotly_white"), "template"),
        (made(width=700), "85 mm"),
        (made(xaxis_title_text=""), "horizontal"),
        (made(yaxis_title_text=""), "vertical"),
        (made(title_text="LAKE"), "caption"),
        (made(legend_font_size=6), "points"),
        (in_colour_alone(), "colour alone"),
        (made(bands=False), "means alone"),
        (made().update_traces(showlegend=False), "two series"),
    ],
)
def test_a_figure_that_cannot_be_printed_is_told_why(figure, says):
    found = checks.figure_for_print(figure)
    assert not found.passed
    assert says in found.message


GOOD = "Image AUROC of LAKE (demo) on fabric; mean and standard deviation over two seeds."


def test_a_caption_is_asked_for_each_fact(results):
    found = checks.caption_that_says(results, GOOD)
    assert found.passed, found.message
    for word, says in (
        ("(demo)", "which model"),
        ("fabric", "which data"),
        ("AUROC", "metric"),
        ("two seeds", "how many seeds"),
        ("standard deviation", "bars or bands"),
    ):
        less = checks.caption_that_says(results, GOOD.replace(word, ""))
        assert not less.passed
        assert says in less.message
    shown = checks.caption_that_says(results, GOOD.replace("(demo)", "as a demonstration"))
    assert "which model" in shown.message
    for short in ("std", "s.d.", "SD"):
        assert checks.caption_that_says(results, GOOD.replace("standard deviation", short)).passed
    wrong = checks.caption_that_says(results, GOOD.replace("standard deviation", "interval"))
    assert "no intervals" in wrong.message
    assert checks.caption_that_says(results, ...).message.startswith("not yet")
    assert checks.caption_that_says(results, " ").message.startswith("not yet")
    assert "a text" in checks.caption_that_says(results, 5).message
