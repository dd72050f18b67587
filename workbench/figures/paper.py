"""The look of figures in print: widths in millimetres, type in points, lines apart without colour.

Browsers print a CSS pixel as 1/96 inch, and plotly measures in CSS pixels: a figure that is 85 mm
wide here is 85 mm wide in its PDF, and 7 points are 7 points.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

from workbench.figures.colours import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
)

SINGLE, DOUBLE = 85.0, 178.0
"""The widths of one and of two columns, in mm."""

SMALL, TEXT, LETTER = 6.5, 7.0, 9.0
"""Type sizes in points: ticks and notes, titles and legends, panel letters. None is below 6."""

_SAMPLE = 45  # CSS pixels that a legend keeps beside an entry's text
_LETTER = 1.3  # mm that a letter of a legend is wide, at most on average
_INK, _FAINT = "#1F2328", "#D5D9DE"
_COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK)
_DASHES = ("solid", "5px,2px", "1.5px,1.5px", "5px,2px,1.5px,2px", "9px,2px", "9px,2px,1.5px,2px")
"""Short gaps: plotly's own names leave some as long as the dashes, which eats steps of a curve."""
_MARKS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "triangle-down")


def px(millimetres: float) -> int:
    """Return a length in CSS pixels, as plotly wants it.

    >>> px(SINGLE), px(DOUBLE)
    (321, 673)
    """
    return round(millimetres * 96 / 25.4)


def pt(points: float) -> float:
    """Return a type size or a line width in CSS pixels.

    >>> pt(6)
    8.0
    """
    return points * 96 / 72


def _axis(**more: Any) -> dict[str, Any]:
    return {
        "showline": True,
        "linewidth": pt(0.5),
        "linecolor": _INK,
        "gridcolor": _FAINT,
        "gridwidth": pt(0.25),
        "zeroline": False,
        "ticks": "outside",
        "ticklen": px(0.8),
        "tickwidth": pt(0.5),
        "tickcolor": _INK,
        "tickfont": {"size": pt(SMALL)},
        "title": {"font": {"size": pt(TEXT)}, "standoff": px(1.2)},
        "automargin": True,
        **more,
    }


TEMPLATE = go.layout.Template(
    layout={
        "colorway": list(_COLOURS),
        "font": {
            "family": "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif",
            "size": pt(TEXT),
            "color": _INK,
        },
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": px(11), "r": px(2), "t": px(5), "b": px(9)},
        "xaxis": _axis(),
        "yaxis": _axis(),
        "legend": {
            "font": {"size": pt(SMALL)},
            "tracegroupgap": 0,
            "itemwidth": 30,
            "bgcolor": "rgba(255,255,255,0)",
        },
        "annotationdefaults": {"font": {"size": pt(SMALL)}, "showarrow": False},
    }
)
"""The template `paper`, which plotly also knows by that name once this module is imported."""

pio.templates["paper"] = TEMPLATE


@dataclass(frozen=True)
class Style:
    """How a series is drawn; no two of the first 48 share both their dash and their mark."""

    colour: str
    dash: str
    mark: str

    @property
    def line(self) -> dict[str, Any]:
        """The line, as plotly wants it."""
        return {"color": self.colour, "dash": self.dash, "width": pt(1)}

    @property
    def marker(self) -> dict[str, Any]:
        """The marker, as plotly wants it."""
        return {"color": self.colour, "symbol": self.mark, "size": pt(4)}

    @property
    def band(self) -> str:
        """The colour of the band around the line."""
        red, green, blue = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},0.15)"


def style(index: int) -> Style:
    """Return how the series at `index` is drawn: colour, dash and mark all change with it.

    >>> style(0), style(1).dash
    (Style(colour='#0072B2', dash='solid', mark='circle'), '5px,2px')
    """
    return Style(
        _COLOURS[index % len(_COLOURS)],
        _DASHES[index % len(_DASHES)],
        _MARKS[(index + index // len(_DASHES)) % len(_MARKS)],
    )


@dataclass(frozen=True, eq=False)
class PaperFigure:
    """A figure for print: `name` is its file's, `rows` are what it shows, as plain data."""

    name: str
    figure: go.Figure
    caption: str
    rows: Sequence[Mapping[str, Any]]


def sized(figure: go.Figure, width: float, height: float) -> go.Figure:
    """Give a figure the template and its size in mm, and return it."""
    return figure.update_layout(template=TEMPLATE, width=px(width), height=px(height))


def panel_letters(figure: go.Figure, places: Iterable[tuple[float, float]]) -> None:
    """Write a, b, c ... at the upper left of panels; a place is (x, y) of the figure, 0..1."""
    letters = (chr(code) for code in range(ord("a"), ord("z") + 1))
    for (x, y), letter in zip(places, islice(letters, 26), strict=False):
        figure.add_annotation(
            x=x,
            y=y,
            xref="paper",
            yref="paper",
            xanchor="right",
            yanchor="bottom",
            xshift=-px(1.5),
            text=f"<b>{letter}</b>",
            font={"size": pt(LETTER)},
            showarrow=False,
        )


def add_line(
    figure: go.Figure,
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    index: int,
    *,
    band: tuple[Sequence[float], Sequence[float]] | None = None,
    barred: bool = False,
) -> None:
    """Add a series with marks and, where there is one, the band from low to high around it.

    A single point has a bar instead, and so has every point with `barred`.
    """
    look = style(index)
    single = len(x) == 1
    if band is not None and not (single or barred):
        low, high = band
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_trace(go.Scatter(x=list(x), y=list(low), **edge))
        figure.add_trace(
            go.Scatter(x=list(x), y=list(high), fill="tonexty", fillcolor=look.band, **edge)
        )
    bars = None
    if band is not None and (single or barred):
        bars = {
            "array": [high - value for high, value in zip(band[1], y, strict=True)],
            "arrayminus": [value - low for low, value in zip(band[0], y, strict=True)],
            "thickness": pt(0.75),
            "width": px(0.8),
        }
    figure.add_trace(
        go.Scatter(
            x=list(x),
            y=list(y),
            name=name,
            mode="markers" if single else "lines+markers",
            line=look.line,
            marker=look.marker,
            error_y=bars,
        )
    )


def below(figure: go.Figure, columns: int, plot: float, width: float) -> go.Figure:
    """Put the legend under a plot of `plot` mm height, size the figure for it, and return it.

    Its entries go in `columns` columns of a figure `width` mm wide, or in fewer where names are
    long.
    """
    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    needed = _SAMPLE * 25.4 / 96 + _LETTER * max(map(len, names), default=0)
    columns = max(1, min(columns, int((width - 13) / needed)))
    foot = 10 + 5 * -(-len(names) // columns)
    figure.update_layout(
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 0.5 / (5 + plot + foot),
            "yref": "container",
            "yanchor": "bottom",
            "entrywidth": px(width - 13) // columns - _SAMPLE,
            "maxheight": px(foot),  # without it half the plot's, and the rest is cut off
            "traceorder": "normal",
        },
        margin={"b": px(foot)},
    )
    return sized(figure, width, 5 + plot + foot).update_layout(margin={"b": px(foot)})
