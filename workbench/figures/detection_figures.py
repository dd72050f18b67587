"""Figures of how well it is detected: ROC, precision against recall, PRO."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

from workbench.evaluation.curves import Curve
from workbench.evaluation.image_metrics import image_curves
from workbench.figures.paper import DOUBLE, PaperFigure, below, panel_letters, style
from workbench.figures.results_folder import SWEPT, Results

_GRID = np.linspace(0.0, 1.0, 101)
_PRO_LIMIT = 0.3


def curves(results: Results) -> PaperFigure:
    """Draw ROC and precision against recall of the images, and PRO where maps were judged."""
    return _of_categories(results) if results.curves else _of_methods(results)


def lacks_curves(results: Results) -> str:
    """Say what the curves need that the folder does not hold."""
    if results.kind == "demo":
        return "" if results.curves else f"curves.json, which is written by: {results.command}"
    if not any(_measured(results)):
        return "per_image.csv with normal and anomalous images: workbench benchmark DATA --out DIR"
    return ""


def _of_categories(results: Results) -> PaperFigure:
    panels = (
        ("image_roc", "image ROC"),
        ("image_pr", "image precision–recall"),
        ("pixel_pro", "pixel PRO"),
    )
    figure = make_subplots(1, 3, horizontal_spacing=0.09)
    rows = []
    for index, (category, found) in enumerate(results.curves.items()):
        for column, (name, _) in enumerate(panels, 1):
            if name not in found:
                continue
            curve = found[name]
            _add(figure, category, curve.x, curve.y, index, column)
            rows += [
                {"panel": name, "category": category, "x": float(x), "y": float(y)}
                for x, y in zip(curve.x, curve.y, strict=True)
            ]
    _axes(figure, ("false positive rate", "recall", "false positive rate"))
    figure.update_yaxes(title_text="true positive rate", col=1)
    figure.update_yaxes(title_text="precision", col=2)
    figure.update_yaxes(title_text="per-region overlap", col=3)
    figure.update_xaxes(range=[0, _PRO_LIMIT], dtick=0.1, col=3)
    below(figure, 5, 46, DOUBLE)
    panel_letters(figure, [(x, 1.0) for x in (0.0, 0.3636, 0.7273)])
    areas = "; ".join(
        f"{name}: image AUROC {_percent(one.get('image_auroc'))}, AP "
        f"{_percent(one.get('image_ap'))}, AUPRO@0.30 {_percent(one.get('pixel_aupro'))}"
        for name, one in results.about["categories"].items()
    )
    settings = results.about["settings"]
    return PaperFigure(
        "curves",
        figure,
        f"Detection by category, {results.where}: (a) ROC of the images, (b) precision against "
        f"recall of the images, (c) mean per-region overlap of the pixels up to a false positive "
        f"rate of {_PRO_LIMIT}. {settings.get('shots')} normal images of support, one seed "
        f"({settings.get('seed')}); no bands. In percent, {areas}.",
        rows,
    )


def _of_methods(results: Results) -> PaperFigure:
    groups = _measured(results)
    methods = list(dict.fromkeys(method for method, _ in groups))
    shots = max(shots for _, shots in groups)
    figure = make_subplots(1, 2, horizontal_spacing=0.1)
    rows: list[dict[str, Any]] = []
    index, cells = 0, 0
    for method in methods:
        own = max(number for name, number in groups if name == method)
        if own not in (0, shots):
            continue
        found = groups[method, own]
        cells = max(cells, len(found))
        roc = np.mean([_roc(one["roc"]) for one in found], axis=0)
        precision = np.mean([_precision(one["precision_recall"]) for one in found], axis=0)
        _add(figure, method, _GRID, roc, index, 1)
        _add(figure, method, _GRID[1:], precision[1:], index, 2)
        index += 1
        for panel, values in (("image_roc", roc), ("image_pr", precision)):
            rows += [
                {"panel": panel, "method": method, "shots": own, "x": float(x), "y": float(y)}
                for x, y in zip(_GRID, values, strict=True)
                if panel == "image_roc" or x > 0
            ]
    _axes(figure, ("false positive rate", "recall"))
    figure.update_yaxes(title_text="true positive rate", col=1)
    figure.update_yaxes(title_text="precision", col=2)
    below(figure, 5, 56, DOUBLE)
    panel_letters(figure, [(0.0, 1.0), (0.55, 1.0)])
    return PaperFigure(
        "curves",
        figure,
        f"Detection of anomalous images by method, {results.where}: (a) ROC, (b) precision against "
        f"recall. {shots} normal image{'s' * (shots != 1)} of support, methods without support "
        f"beside them; averaged vertically over categories and support seeds ({cells} curves "
        "each), the scores of random draws averaged first; no bands. PRO needs maps, which a "
        "benchmark does not keep.",
        rows,
    )


def _measured(results: Results) -> dict[tuple[str, int], list[dict[str, Curve]]]:
    """Return the image curves of every category and seed, by method and shots."""
    cells: dict[tuple[str, ...], list[Mapping[str, str]]] = {}
    names = ("method", "shots", "data", "category", "seed")
    for row in results.images:
        method = row.get("method", "")
        if row.get("contaminated", "0") == "0" and not any(part in method for part in SWEPT):
            cells.setdefault(tuple(row[name] for name in names), []).append(row)
    found: dict[tuple[str, int], list[dict[str, Curve]]] = {}
    for (method, shots, *_), rows in cells.items():
        labels = [int(row["label"]) for row in rows]
        if set(labels) == {0, 1}:
            scores = [float(row["score"]) for row in rows]
            found.setdefault((method, int(shots)), []).append(image_curves(labels, scores))
    return found


def _roc(curve: Curve) -> Float[np.ndarray, "101"]:
    """Return the true positive rate at every rate of the grid: the highest where it steps."""
    last = np.searchsorted(curve.x, _GRID, side="right") - 1
    following = np.minimum(last + 1, len(curve.x) - 1)
    step = np.where(curve.x[following] > curve.x[last], curve.x[following] - curve.x[last], 1.0)
    part = (_GRID - curve.x[last]) / step
    height: Float[np.ndarray, 101] = curve.y[last] + part * (curve.y[following] - curve.y[last])
    return height


def _precision(curve: Curve) -> Float[np.ndarray, "101"]:
    """Return the precision of the first threshold that reaches every recall of the grid."""
    first = np.minimum(np.searchsorted(curve.x, _GRID - 1e-12), len(curve.x) - 1)
    height: Float[np.ndarray, 101] = curve.y[first]
    return height


def _add(figure: go.Figure, name: str, x: Any, y: Any, index: int, column: int) -> None:
    figure.add_trace(
        go.Scatter(
            x=np.asarray(x).tolist(),
            y=np.asarray(y).tolist(),
            name=name,
            legendgroup=name,
            showlegend=column == 1,
            mode="lines",
            line=style(index).line,
        ),
        row=1,
        col=column,
    )


def _axes(figure: go.Figure, titles: Sequence[str]) -> None:
    figure.update_xaxes(range=[0, 1], dtick=0.5)
    figure.update_yaxes(range=[0, 1.02], dtick=0.5)
    for column, title in enumerate(titles, 1):
        figure.update_xaxes(title_text=title, col=column)


def _percent(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.1f}"
