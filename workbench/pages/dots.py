"""Charts of points: methods on one axis with the spread between seeds, effects with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.pages.markup import escape
from workbench.pages.svg import Axes, mark, percent_ticks, share_range, shortened, svg, x_tick

_LEFT, _RIGHT, _TOP = 230, 24, 10


@dataclass(frozen=True)
class Dot:
    """A value with the ends of its whisker, in a series; `faint` are the parts it is made of."""

    series: int
    value: float
    low: float | None = None
    high: float | None = None
    faint: tuple[float, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the chart: its name and its dots."""

    name: str
    dots: Sequence[Dot]
    strong: bool = False


def dot_plot(
    rows: Sequence[Row],
    x_title: str,
    reference: float | None = None,
    width: int = 720,
    label: str = "",
) -> str:
    """Draw one line per row and its dots under one another, whiskers through them.

    Values are fractions, written in percent. `reference` is a line from top to bottom.
    """
    values = [
        value
        for row in rows
        for dot in row.dots
        for value in (dot.value, dot.low, dot.high, *dot.faint)
        if value is not None
    ]
    if not values:
        return ""
    ends = share_range([*values, *([] if reference is None else [reference])])
    heights = [max(26, 13 * len(row.dots) + 10) for row in rows]
    height = _TOP + sum(heights) + 40
    axes = Axes(ends, (0, 1), width, height, _LEFT, _RIGHT, _TOP)
    grid = "".join(
        f'<line class="grid" x1="{axes.x(v):.1f}" x2="{axes.x(v):.1f}" y1="{_TOP}" '
        f'y2="{axes.floor}"/>' + x_tick(axes.x(v), text, axes.floor)
        for v, text in percent_ticks(*ends, 8)
    )
    if reference is not None:
        x = axes.x(reference)
        grid += f'<path class="chance" d="M{x:.1f} {_TOP}V{axes.floor}"/>'
    parts, top = [], float(_TOP)
    for row, tall in zip(rows, heights, strict=True):
        parts.append(_row(axes, row, top, tall))
        top += tall
    middle = (_LEFT + width - _RIGHT) / 2
    title = f'<text x="{middle:.0f}" y="{height - 4}" text-anchor="middle">{escape(x_title)}</text>'
    drawing = svg(grid + "".join(parts) + title, label or x_title, width, height)
    return f'<div class="chartbox">{drawing}</div>'


def _row(axes: Axes, row: Row, top: float, tall: int) -> str:
    middle = top + tall / 2
    kind = ' class="strong"' if row.strong else ""
    name = (
        f'<text{kind} x="{_LEFT - 14}" y="{middle + 4:.1f}" text-anchor="end">'
        f"{escape(shortened(row.name, 34))}</text>"
    )
    start = middle - 13 * (len(row.dots) - 1) / 2
    return name + "".join(
        _dot(axes, dot, start + 13 * index, row.name) for index, dot in enumerate(row.dots)
    )


def _dot(axes: Axes, dot: Dot, y: float, name: str) -> str:
    faint = "".join(mark(dot.series, axes.x(value), y, "faint") for value in dot.faint)
    whisker = (
        f'<path class="interval s{dot.series % 8}" d="M{axes.x(dot.low):.1f} {y:.1f}'
        f'H{axes.x(dot.high):.1f}"/>'
        if dot.low is not None and dot.high is not None
        else ""
    )
    said = dot.said or f"{name}: {100 * dot.value:.1f}"
    return (
        f"<g><title>{escape(said)}</title>{faint}{whisker}"
        f"{mark(dot.series, axes.x(dot.value), y)}</g>"
    )
