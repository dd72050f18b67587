"""Charts of lines: ROC, precision and recall, PRO; and figures that follow a setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from workbench.evaluation.curves import Curve
from workbench.figures.colours import number
from workbench.pages.dots import Dot, Row, dot_plot
from workbench.pages.inputs import SweepFigure
from workbench.pages.markup import escape
from workbench.pages.svg import (
    SERIES,
    Axes,
    key,
    line_key,
    mark,
    nice_ticks,
    path,
    percent_ticks,
    share_range,
    svg,
)

_SIDE, _PANEL = 320, 300
PRO_LIMIT = 0.3
_ROOM = 0.05  # share of an axis between two ticks that do not stand in each other's way
_MOST_LETTERS = 60


@dataclass(frozen=True)
class Panel:
    """One of the three small charts: which curves it holds and how it is framed."""

    title: str
    curves: tuple[str, ...]
    x_title: str
    y_title: str
    x_limit: float = 1.0
    diagonal: bool = False


PANELS = (
    Panel(
        "ROC",
        ("image_roc", "pixel_roc"),
        "false alarms (% of normal)",
        "found (% of anomalous)",
        diagonal=True,
    ),
    Panel(
        "Precision and recall",
        ("image_pr", "pixel_pr"),
        "recall (%)",
        "precision (%)",
    ),
    Panel(
        "PRO",
        ("pixel_pro",),
        "false alarms (% of normal pixels)",
        "overlap, mean over components (%)",
        PRO_LIMIT,
    ),
)
SERIES_OF = {"image": 0, "pixel": 1}
"""Curves over images are drawn in one colour and dash, those over pixels in another."""


def curve_panels(curves: Mapping[str, Curve], figures: Mapping[str, str]) -> str:
    """Draw the charts for which there are curves.

    `curves` are named as in `PANELS` (`_precision_recall` is `_pr`); `figures` are the areas under
    them, already text.
    """
    curves = {name.replace("precision_recall", "pr"): curve for name, curve in curves.items()}
    drawn = [panel for panel in PANELS if any(name in curves for name in panel.curves)]
    items = "".join(
        f"<figure><figcaption><b>{panel.title}</b></figcaption>"
        f"{_panel(panel, curves, figures)}</figure>"
        for panel in drawn
    )
    return f'<div class="panels">{items}</div>' if drawn else ""


def _panel(panel: Panel, curves: Mapping[str, Curve], figures: Mapping[str, str]) -> str:
    axes = Axes((0.0, panel.x_limit), (0.0, 1.0), _SIDE, _PANEL, 38, 12, 28, 40)
    body = axes.frame(
        percent_ticks(0, panel.x_limit, 5), percent_ticks(0, 1, 5), panel.x_title, panel.y_title
    )
    if panel.diagonal:
        ends = [(axes.x(0), axes.y(0)), (axes.x(1), axes.y(1))]
        body += f'<path class="chance" d="M{path(ends)}"/>'
    names, said = [], []
    for name in panel.curves:
        if name not in curves:
            continue
        kind = name.partition("_")[0]
        series = SERIES_OF[kind]
        x, y = clipped(np.asarray(curves[name].x), np.asarray(curves[name].y), panel.x_limit)
        points = [(axes.x(a), axes.y(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        body += f'<path class="line s{series} d{series}" d="M{path(points)}"/>'
        over = {"image": "over images", "pixel": "over pixels"}[kind]
        names.append(over + (f", {figures[name]}" if name in figures else ""))
        said.append(series)
    label = f"{panel.title}: {'; '.join(names)}"
    return svg(body, label, _SIDE, _PANEL) + line_key(names, said)


def clipped(
    x: Float[np.ndarray, "point"], y: Float[np.ndarray, "point"], limit: float
) -> tuple[Float[np.ndarray, "kept"], Float[np.ndarray, "kept"]]:
    """Return a curve up to `x = limit`, with the point at the limit interpolated.

    >>> x, y = clipped(np.array([0.0, 0.2, 0.6]), np.array([0.0, 0.5, 0.9]), 0.4)
    >>> x.tolist(), y.round(3).tolist()
    ([0.0, 0.2, 0.4], [0.0, 0.5, 0.7])
    """
    if len(x) == 0 or x.max() <= limit:
        return x, y
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    inside = x <= limit
    return np.append(x[inside], limit), np.append(y[inside], np.interp(limit, x, y))


def sweep(figure: SweepFigure, width: int = 640, height: int = 300) -> str:
    """Draw what a figure does when a setting changes: a line and intervals per series.

    Long words on the x axis get a row each instead, because nothing leads from one to the next.
    """
    if sum(len(x) for x in figure.x if isinstance(x, str)) > _MOST_LETTERS:
        return _listed(figure)
    places, ticks, log = _places(figure)
    ends = [
        value
        for values, lows, highs in figure.series.values()
        for value in (*values, *lows, *highs)
        if value is not None
    ]
    ends += [] if figure.reference is None else [figure.reference]
    if not ends:
        return '<p class="muted">Nothing could be measured.</p>'
    span = (min(places), max(places))
    air = 1.06 if log else 0.04 * (span[1] - span[0]) or 0.5
    x_range = (span[0] / air, span[1] * air) if log else (span[0] - air, span[1] + air)
    axes = Axes(x_range, share_range(ends), width, height, 46, 16, 32, 42, log)
    body = axes.frame(ticks, percent_ticks(*axes.y_range), figure.x_name, f"{figure.y_name} (%)")
    if figure.reference is not None:
        y = axes.y(figure.reference)
        body += f'<path class="chance" d="M{axes.left} {y:.1f}H{width - axes.right}"/>'
    count = len(figure.series)
    for series, (name, drawn) in enumerate(figure.series.items()):
        dodge = (series - (count - 1) / 2) * min(5.0, 18 / max(count, 1))
        body += _series(axes, series, name, places, drawn, dodge)
    label = f"{figure.y_name} against {figure.x_name}: {', '.join(figure.series)}"
    drawing = svg(body, label, width, height)
    return key(list(figure.series)) + f'<div class="chartbox sweep">{drawing}</div>'


def _series(
    axes: Axes,
    series: int,
    name: str,
    places: Sequence[float],
    drawn: tuple[Sequence[float | None], Sequence[float | None], Sequence[float | None]],
    dodge: float,
) -> str:
    index = series % SERIES
    points, marks = [], []
    for place, value, low, high in zip(places, *drawn, strict=True):
        if value is None:
            continue
        x, y = axes.x(place) + dodge, axes.y(value)
        points.append((x, y))
        said = f"{name}: {100 * value:.1f}"
        if low is not None and high is not None:
            said += f" ({100 * low:.1f} to {100 * high:.1f})"
            marks.append(
                f'<path class="interval s{index}" d="M{x:.1f} {axes.y(low):.1f}'
                f'V{axes.y(high):.1f}"/>'
            )
        marks.append(f"<g><title>{escape(said)}</title>{mark(series, x, y)}</g>")
    line = f'<path class="line s{index} d{index}" d="M{path(points)}"/>' if points else ""
    return line + "".join(marks)


def _listed(figure: SweepFigure) -> str:
    """Draw a row per word, a dot with its interval per series."""
    rows = [
        Row(
            str(x),
            [
                Dot(series, value, lows[at], highs[at], said=f"{x}, {name}: {100 * value:.1f}")
                for series, (name, (values, lows, highs)) in enumerate(figure.series.items())
                if (value := values[at]) is not None
            ],
        )
        for at, x in enumerate(figure.x)
    ]
    rows = [row for row in rows if row.dots]
    if not rows:
        return '<p class="muted">Nothing could be measured.</p>'
    legend = key(list(figure.series)) if len(figure.series) > 1 else ""
    label = f"{figure.y_name} by {figure.x_name}"
    return legend + dot_plot(rows, f"{figure.y_name} (%)", figure.reference, label=label)


def _places(figure: SweepFigure) -> tuple[list[float], list[tuple[float, str]], bool]:
    """Return where the settings lie, their ticks, and whether the axis is logarithmic.

    Numbers that span more than a factor of 8 go on a log axis; words stand side by side.
    """
    numeric = [float(x) for x in figure.x if not isinstance(x, str)]
    if len(numeric) != len(figure.x):
        named = [(float(i), str(x)) for i, x in enumerate(figure.x)]
        return [place for place, _ in named], named, False
    log = min(numeric) > 0 and max(numeric) / min(numeric) > 8
    texts = [number(value) if value != int(value) else str(int(value)) for value in numeric]
    few = len(numeric) <= 9
    ticks = list(zip(numeric, texts, strict=True))
    if few and not _crowded(numeric, log):
        return numeric, ticks, log
    if log:
        return numeric, _apart(ticks), log
    low, high = min(numeric), max(numeric)
    return numeric, [(value, number(value)) for value in nice_ticks(low, high)], log


def _apart(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return those ticks of a log axis that have room beside each other, from the lowest up.

    >>> _apart([(5.0, "5"), (25.0, "25"), (26.0, "26"), (100.0, "100")])
    [(5.0, '5'), (25.0, '25'), (100.0, '100')]
    """
    kept = sorted(ticks)[:1]
    room = _ROOM * np.log(max(ticks)[0] / kept[0][0])
    for tick in sorted(ticks)[1:]:
        if np.log(tick[0] / kept[-1][0]) >= room:
            kept.append(tick)
    return kept


def _crowded(values: Sequence[float], log: bool) -> bool:
    """Whether two ticks would stand in each other's way."""
    places = np.sort(np.log(values) if log else np.asarray(values))
    whole = places[-1] - places[0]
    return bool(whole > 0 and len(places) > 1 and np.diff(places).min() / whole < _ROOM)
