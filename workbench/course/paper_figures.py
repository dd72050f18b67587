"""Checks of notebook 07: a spread over seeds, a figure for print, its caption."""

import re
from itertools import combinations
from typing import Any

import numpy as np
import plotly.graph_objects as go

from workbench.course.checked import NOT_YET, Wrong, called, check, numbers, open_
from workbench.evaluation.aggregate import over_seeds
from workbench.figures.paper import SINGLE, TEMPLATE, pt, px
from workbench.figures.results_folder import Results

_LEAST = 6.0
_CLOSE = 1e-9


@check("7.1")
def spread_over_seeds(function: Any) -> str:
    """Compare with the library's: the categories' mean for each seed, then mean and deviation."""
    rng = np.random.default_rng(71)
    values = np.array([0.6, 0.95])[:, None] + rng.normal(0, 0.03, (2, 4))
    rows = [
        {"category": category, "seed": str(seed), "image_auroc": str(values[place, seed])}
        for place, category in enumerate(("bolt", "nut"))
        for seed in range(4)
    ]
    wanted = over_seeds(values.mean(0).tolist())
    assert wanted is not None
    assert wanted.sd is not None
    order = rng.permutation(len(rows))
    answer = called(function, [dict(rows[index]) for index in order])
    mean, deviation = numbers(answer, like=(2,), what="what your function returns")
    if not _near(mean, wanted.mean):
        if _near(mean, 100 * wanted.mean):
            raise Wrong("yours is in percent, and the rows are shares: leave them as they are.")
        raise Wrong("the first of your numbers is not the mean of all categories and seeds.")
    if _near(deviation, wanted.sd):
        return "your mean and deviation are the library's."
    per_seed = values.mean(0)
    if _near(deviation, per_seed.std()):
        raise Wrong("you divide by the number of seeds: of few seeds it is one less.")
    if _near(deviation, wanted.sd / np.sqrt(4)):
        raise Wrong("yours is the standard error of the mean; it is asked of the deviation.")
    if any(_near(deviation, values.std(ddof=ddof)) for ddof in (0, 1)):
        raise Wrong("yours is mostly the difference between categories: average them first.")
    if any(_near(deviation, values.std(1, ddof=ddof).mean()) for ddof in (0, 1)):
        raise Wrong(
            "you average the categories' deviations; what is shown is a mean over categories, and "
            "its deviation is smaller."
        )
    raise Wrong("the mean is right, but the deviation is not that between the seeds.")


@check("7.2")
def figure_for_print(figure: Any) -> str:
    """Ask of a figure what a journal asks: width, type, series that part in grey, spread."""
    if not isinstance(figure, go.Figure):
        raise Wrong(f"a plotly figure is expected, and this is a {type(figure).__name__}.")
    if not figure.data:
        raise Wrong(NOT_YET)
    series = [trace for trace in figure.data if trace.name and trace.showlegend is not False]
    if len(series) < 2:
        raise Wrong("two series with a name are expected, so that a reader can tell them apart.")
    if figure.layout.template.to_plotly_json() != TEMPLATE.to_plotly_json():
        raise Wrong("it has not the template `paper`.")
    width = figure.layout.width
    if width is None or abs(width - px(SINGLE)) > 1:
        shown = "no width" if width is None else f"a width of {width * 25.4 / 96:.0f} mm"
        raise Wrong(f"it has {shown}, and a column is {SINGLE:g} mm wide.")
    for axis, what in ((figure.layout.xaxis, "horizontal"), (figure.layout.yaxis, "vertical")):
        if not axis.title.text:
            raise Wrong(f"the {what} axis does not say what it is.")
    if figure.layout.title.text:
        raise Wrong("it has a title inside; in a paper that belongs into the caption.")
    if (size := _smallest_type(figure)) < _LEAST:
        raise Wrong(f"its smallest type is {size:.1f} points, too small to read in print.")
    for one, other in combinations(series, 2):
        if _grey(one) == _grey(other):
            raise Wrong(f"{one.name} and {other.name} differ in colour alone; many print in grey.")
    spread = any(trace.fill for trace in figure.data) or any(
        trace.error_y.array is not None for trace in series
    )
    if not spread:
        raise Wrong("it shows means alone: bars or bands have to show how the seeds differ.")
    return "it can go into a paper: width, type, series, axes and spread are in order."


@check("7.3")
def caption_that_says(results: Results, text: Any) -> str:
    """Ask of a caption for model, data, number of seeds, and what the bars are."""
    if not isinstance(text, str):
        raise Wrong(f"a caption is a text, and this is a {type(text).__name__}.")
    said = " ".join(text.casefold().split())
    if not said:
        raise Wrong(NOT_YET)
    data = [*results.contents, *(name for one in results.contents.values() for name in one)]
    seeds = len(results.about["grid"]["seeds"])
    words = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
    for what, any_of in (
        ("which model it is", [re.escape(str(results.model["name"])) + r"(?!\w)"]),
        ("on which data", [re.escape(name) + r"(?!\w)" for name in data]),
        ("which metric is shown", ["auroc", "aupro", "average precision", "f1"]),
        ("over how many seeds", [f"{seeds} s", f"{words.get(seeds, seeds)} s"]),
        (
            "what the bars or bands are",
            ["standard deviation", r"sd(?!\w)", r"s\.d\.", "std", "interval"],
        ),
    ):
        if not any(re.search(rf"(?<!\w){word.casefold()}", said) for word in any_of):
            raise Wrong(f"your caption does not say {what}.")
    if "interval" in said and "standard deviation" not in said:
        raise Wrong("bars over seeds are standard deviations here, and no intervals.")
    return "a reader who sees the figure alone knows what it shows."


def _near(found: float, wanted: Any) -> bool:
    return bool(abs(found - float(wanted)) <= _CLOSE)


def _grey(trace: Any) -> tuple[Any, Any]:
    """Return what tells a series apart without colour."""
    if open_(trace) or not hasattr(trace, "line"):
        return (None, None)
    return (trace.line.dash or "solid", trace.marker.symbol or "circle")


def _smallest_type(figure: go.Figure) -> float:
    """Return the smallest type size that the figure sets itself, in points."""
    sizes: list[float] = []

    def look(content: Any, inside_font: bool = False) -> None:
        if isinstance(content, dict):
            for name, value in content.items():
                if inside_font and name == "size" and isinstance(value, int | float):
                    sizes.append(float(value))
                look(value, name.endswith("font"))
        elif isinstance(content, list | tuple):
            for one in content:
                look(one)

    layout = figure.layout.to_plotly_json()
    layout.pop("template", None)
    look(layout)
    return min(sizes, default=pt(_LEAST)) * 72 / 96
