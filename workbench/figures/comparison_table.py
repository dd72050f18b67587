"""The comparison as a table that is a figure: methods by metrics, or the demo with its controls."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from workbench.benchmark.summary import Spread
from workbench.benchmark.tables import COLUMNS
from workbench.figures.curves import CONTROL_NAMES
from workbench.figures.paper import DOUBLE, SMALL, PaperFigure, pt, sized
from workbench.figures.results_folder import Results

_ROW, _HEAD, _PAD = 3.8, 8.0, 1.5  # mm
_LETTER = 1.2  # mm: the mean width of a letter of this size
_RULE = "#1F2328"


def comparison(results: Results) -> PaperFigure:
    """Draw the table of a benchmark's methods, or of the demo's categories and controls."""
    rows, said = _of_demo(results) if results.kind == "demo" else _of_methods(results)
    names = [name for name in rows[0] if not name.endswith(("_sd", "_n"))]
    labels = [name for name in names if name not in COLUMNS]
    columns = []
    for name in names:
        if name in labels:
            columns.append([str(row[name]) for row in rows])
            continue
        spreads = [Spread(row[name], row.get(f"{name}_sd")) for row in rows]
        best = max((s.mean for s in spreads if s.mean is not None), default=None)
        bold = results.kind != "demo" and len(rows) > 1
        columns.append([_cell(one, bold and one.mean == best) for one in spreads])
    heads = [COLUMNS.get(name, name).replace(" ", "<br>", 1) for name in names]
    figure = _drawn(heads, columns, len(labels))
    return PaperFigure("comparison", figure, said, rows)


def lacks_comparison(results: Results) -> str:
    """Say what the table needs that the folder does not hold."""
    if results.kind == "demo" or any(row["category"] == "mean" for row in results.summary):
        return ""
    return "summary.csv with a finished cell: workbench benchmark DATA --out DIR"


def _of_methods(results: Results) -> tuple[list[dict[str, Any]], str]:
    """Return the macro means, every number of shots; sweeps have figures of their own."""
    means = [
        row
        for row in results.summary
        if row["category"] == "mean"
        and not any(w in row["method"] for w in ("_k-", "_layer-", "_w-"))
    ]
    several = len({row["data"] for row in means}) > 1
    rows: list[dict[str, Any]] = []
    for row in means:
        found: dict[str, Any] = {"data": row["data"]} if several else {}
        replaced = f", {row['contaminated']} contaminated" if row["contaminated"] != "0" else ""
        found |= {"method": row["method"], "shots": row["shots"] + replaced}
        for metric in COLUMNS:
            found[metric] = _number(row.get(metric))
            found[f"{metric}_sd"] = _number(row.get(f"{metric}_sd"))
        rows.append({**found, "seeds_n": int(row["seeds"]), "categories_n": int(row["categories"])})
    seeds = sorted({row["seeds_n"] for row in rows})
    counted = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    spread = " ± standard deviation between seeds" if seeds[-1] > 1 else ""
    return rows, (
        f"Methods compared, {results.where}. Percent: macro mean over categories{spread}, "
        f"{counted} support seed{'s' * (seeds[-1] > 1)}. Bold: the largest of each column, "
        "whatever the number of shots."
    )


def _of_demo(results: Results) -> tuple[list[dict[str, Any]], str]:
    about = results.about
    rows: list[dict[str, Any]] = [
        {"row": name, **{metric: values.get(metric) for metric in COLUMNS}}
        for name, values in (*about["categories"].items(), ("mean", about["mean"]))
    ]
    for name, title in CONTROL_NAMES.items():
        if name in about["controls"] and name != "visual_only":
            row: dict[str, Any] = {"row": f"mean, {title}", **dict.fromkeys(COLUMNS)}
            control = about["controls"][name]
            row["image_auroc"] = control.get("image_auroc")
            row["image_auroc_sd"] = control.get("image_auroc_sd")
            rows.append(row)
    settings = about["settings"]
    rows = [{**row, "image_auroc_sd": row.get("image_auroc_sd")} for row in rows]
    return rows, (
        f"LAKE by category, and the image AUROC of its parts and controls, {results.where}. "
        f"Percent; {settings.get('shots')} normal images of support, one seed "
        f"({settings.get('seed')}). Rows “mean, …”: the visual branch alone with other neurons "
        f"(K = {settings.get('k')}), or the text branch alone; random K: mean ± standard deviation "
        "between draws. –: not measured."
    )


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _cell(spread: Spread, bold: bool) -> str:
    text = "–" if spread.mean is None else spread.percent()
    return f"<b>{text}</b>" if bold else text


def _drawn(heads: Sequence[str], columns: Sequence[Sequence[str]], labels: int) -> go.Figure:
    """Set a table in type, one millimetre to a unit of the axes: `labels` columns to the left."""
    height = _HEAD + _ROW * len(columns[0]) + 2 * _PAD
    widths = [max(map(len, column)) * _LETTER + 2 * _PAD for column in columns[:labels]]
    each = (DOUBLE - sum(widths)) / max(len(columns) - labels, 1)
    middles = [_PAD + _HEAD + _ROW * (row + 0.5) for row in range(len(columns[0]))]
    figure = go.Figure()
    x = 0.0
    for index, (head, column) in enumerate(zip(heads, columns, strict=True)):
        left = index < labels
        place = x + _PAD if left else x + each - _PAD
        figure.add_trace(
            go.Scatter(
                x=[place] * (len(column) + 1),
                y=[_PAD + _HEAD / 2, *middles],
                text=[head, *column],
                name=head.replace("<br>", " "),
                mode="text",
                textposition="middle right" if left else "middle left",
                textfont={"size": pt(SMALL)},
                hoverinfo="skip",
            )
        )
        x += widths[index] if left else each
    for y, weight in ((_PAD, 0.75), (_PAD + _HEAD, 0.5), (height - _PAD, 0.75)):
        rule = {"color": _RULE, "width": pt(weight)}
        figure.add_shape(type="line", x0=0, x1=DOUBLE, y0=y, y1=y, line=rule)
    sized(figure, DOUBLE, height)
    hidden = {"visible": False, "fixedrange": True}
    return figure.update_layout(
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        xaxis={"range": [0, DOUBLE], **hidden},
        yaxis={"range": [height, 0], **hidden},
    )
