"""Figures of what was varied: K, the text weight, the layer, the shots, contamination."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from workbench.claims.plan import Plan
from workbench.figures.paper import DOUBLE, SINGLE, PaperFigure, add_line, below
from workbench.figures.results_folder import Results

CLAIM = {"selections": 2, "text_weight": 3, "layers": 1, "shots": 4, "contamination": 5}
"""The claim that measured a sweep."""

_WHAT = {
    "selections": "The most sensitive K neurons, random and least sensitive ones, and principal "
    "components, against K",
    "text_weight": "LAKE against the weight of the text branch",
    "layers": "The layer that the neurons are taken from",
    "shots": "The number of normal images",
    "contamination": "Overlooked defects among the normal images",
}
_BANDS = 3
"""More bands than these hide each other, and bars stand in their place."""
_Y = "image AUROC (%)"
_AUROC = "Macro mean image AUROC"


def sweep(name: str, results: Results) -> PaperFigure:
    """Draw a sweep that `claims` measured; the folder must hold it (`lacks_sweep`)."""
    claim = results.claim(CLAIM[name])
    assert claim is not None
    plan = _plan(results)
    points = list(claim["sweep"]["points"])
    if name == "selections":
        points += _beside(results, plan)
    singles = {p["series"] for p in points} - _lines(points)
    series = list(dict.fromkeys(point["series"] for point in points))
    figure = go.Figure()
    aside = 0.02 * (max(p["x"] for p in points) - min(p["x"] for p in points))
    for index, one in enumerate(series):
        own = sorted((p for p in points if p["series"] == one), key=lambda p: float(p["x"]))
        add_line(
            figure,
            one,
            [p["x"] + aside * (1 + sorted(singles).index(one)) for p in own]
            if one in singles
            else [p["x"] for p in own],
            [p["value"] for p in own],
            index,
            band=([p["low"] for p in own], [p["high"] for p in own]),
        )
    figure.update_xaxes(title_text=claim["sweep"]["x_name"])
    figure.update_yaxes(title_text=_Y)
    if name in ("layers", "contamination", "shots"):
        figure.update_xaxes(tickvals=sorted({p["x"] for p in points}))
    bars = (
        (" Marks with a bar are measured at one place only, to the right of which they stand.")
        if singles
        else ""
    )
    support = "" if name == "shots" else f"{_times(plan.central, 'normal image')} of support, "
    return PaperFigure(
        name,
        below(figure, 1, 48, SINGLE),
        f"{_WHAT[name]}. {_AUROC}, {results.where}; {support}"
        f"{_times(len(plan.seeds), 'support seed')}. {_bands(claim, plan)}{bars}",
        [{"x_name": claim["sweep"]["x_name"], **_row(p)} for p in points],
    )


def lacks_sweep(name: str, results: Results) -> str:
    """Say what a sweep needs that the folder does not hold; nothing if it does."""
    number = CLAIM[name]
    if results.claim(number) is not None:
        return ""
    if results.kind == "claims":
        return f"claim {number}: {results.command} --claims {number} --resume"
    return f"a sweep: workbench claims DATA --claims {number} --out DIR"


def shots(results: Results) -> PaperFigure:
    """Draw the methods of a benchmark against the number of shots."""
    rows = _shots_rows(results)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    data = list(dict.fromkeys(row["data"] for row in rows))
    series = [
        (name, method, own)
        for name in data
        for method in methods
        if (own := [r for r in rows if (r["data"], r["method"]) == (name, method)])
    ]
    many = len(series) > _BANDS
    reach = max(int(row["shots"]) for row in rows) - min(int(row["shots"]) for row in rows)
    found: list[dict[str, Any]] = []
    figure = go.Figure()
    for index, (name, method, unordered) in enumerate(series):
        own = sorted(unordered, key=lambda row: int(row["shots"]))
        values = [100 * float(row["image_auroc"]) for row in own]
        spread = [100 * float(row["image_auroc_sd"] or 0) for row in own]
        low = [v - s for v, s in zip(values, spread, strict=True)]
        high = [v + s for v, s in zip(values, spread, strict=True)]
        aside = 0.012 * reach * (index - (len(series) - 1) / 2) if many else 0.0
        add_line(
            figure,
            method if len(data) == 1 else f"{method}, {name}",
            [int(row["shots"]) + aside for row in own],
            values,
            index,
            band=(low, high) if any(spread) else None,
            barred=many,
        )
        found += [
            {
                "data": name,
                "method": method,
                "shots": int(row["shots"]),
                "image_auroc_percent": value,
                "sd_percent": 100 * float(row["image_auroc_sd"]) if row["image_auroc_sd"] else None,
                "seeds": int(row["seeds"]),
            }
            for row, value in zip(own, values, strict=True)
        ]
    ticks = sorted({row["shots"] for row in found})
    figure.update_xaxes(title_text="shots", tickvals=ticks)
    figure.update_yaxes(title_text=_Y)
    seeds = sorted({row["seeds"] for row in found})
    several = max(seeds) > 1
    said = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    bands = (
        f"{'bars' if many else 'bands'}: one standard deviation between seeds to either side"
        f"{', set apart sideways' if many else ''}."
        if several
        else "one seed, so there are no bands."
    )
    wide = len(series) > 8
    return PaperFigure(
        "shots",
        below(figure, 4 if wide else 1, 55, DOUBLE if wide else SINGLE),
        f"{_WHAT['shots']}. {_AUROC}, {results.where}; {said} support "
        f"seed{'s' * several}. Lines: mean over seeds; {bands}",
        found,
    )


def lacks_shots(results: Results) -> str:
    """Say what the figure of shots needs that the folder does not hold."""
    if results.claim(CLAIM["shots"]) is None and results.kind == "benchmark":
        if _shots_rows(results):
            return ""
        return "two or more numbers of shots: workbench benchmark DATA --shots 1,2,4 --out DIR"
    return lacks_sweep("shots", results)


def _shots_rows(results: Results) -> list[Mapping[str, str]]:
    """Return the macro means of methods that were measured with several numbers of shots."""
    rows = [
        row
        for row in results.summary
        if row["category"] == "mean"
        and row["shots"] != "0"
        and row["contaminated"] == "0"
        and row["image_auroc"]
    ]
    counts: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        counts.setdefault((row["data"], row["method"]), set()).add(row["shots"])
    return [row for row in rows if len(counts[row["data"], row["method"]]) > 1]


def _lines(points: Sequence[Mapping[str, Any]]) -> set[str]:
    found: dict[str, set[float]] = {}
    for point in points:
        found.setdefault(point["series"], set()).add(point["x"])
    return {series for series, places in found.items() if len(places) > 1}


def _plan(results: Results) -> Plan:
    return Plan.from_dict((results.ledger or {})["plan"])


def _beside(results: Results, plan: Plan) -> list[dict[str, Any]]:
    """Return what claim 1 measured at one K, placed at that K."""
    claim = results.claim(1)
    if claim is None or not plan.width:
        return []
    names = {f"bottom {plan.k}", f"PCA to {plan.k}", f"random projection to {plan.k}"}
    place = round(100 * plan.k / plan.width, 1)
    return [{**p, "x": place} for p in claim["sweep"]["points"] if p["series"] in names]


def _row(point: Mapping[str, Any]) -> dict[str, Any]:
    names = {"value": "image_auroc_percent", "low": "low_percent", "high": "high_percent"}
    return {names.get(name, name): value for name, value in point.items()}


def _bands(claim: Mapping[str, Any], plan: Plan) -> str:
    effects = [one["effect"] for one in claim["comparisons"] if one["effect"]["value"] is not None]
    images = max((effect["images"] for effect in effects), default=0)
    places = max((len(effect["categories"]) for effect in effects), default=0)
    of = f"{places} categor{'y' if places == 1 else 'ies'}"
    counted = f" ({images}, in {of})" if images else ""
    return (
        "Lines: mean over seeds and draws; bands: 95 % bootstrap intervals over test images"
        f"{counted} within category and kind, support seeds, and random draws (at most "
        f"{plan.draws})."
    )


def _times(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
