"""What the charts are drawn with: axes, ticks, marks and lines as inline SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.figures.colours import number
from workbench.pages.markup import escape

WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 40
SERIES = 8
"""How many series have a colour and a mark of their own (`.s0` to `.s7` in the style)."""

Ticks = Sequence[tuple[float, str]]

_MARKS = (
    '<circle r="4.5"/>',
    '<rect x="-4" y="-4" width="8" height="8"/>',
    '<path d="M0-5.5 5.5 0 0 5.5-5.5 0Z"/>',
    '<path d="M-5 4H5L0-5Z"/>',
    '<path d="M-5-4H5L0 5Z"/>',
    '<path d="M-1.5-5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z"/>',
    '<rect x="-1.8" y="-6" width="3.6" height="12"/>',
    '<rect x="-6" y="-1.8" width="12" height="3.6"/>',
)


@dataclass(frozen=True)
class Axes:
    """A plot's frame: values to places on the drawing. `log` is for the x axis."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM
    log: bool = False

    @property
    def floor(self) -> float:
        """Where the x axis lies."""
        return self.height - self.bottom

    def x(self, value: float) -> float:
        """Return the place of an x value."""
        low, high = self.x_range
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.left + (self.width - self.left - self.right) * (value - low) / (high - low)

    def y(self, value: float) -> float:
        """Return the place of a y value."""
        low, high = self.y_range
        return self.floor - (self.floor - self.top) * (value - low) / (high - low)

    def frame(self, x_ticks: Ticks, y_ticks: Ticks, x_title: str = "", y_title: str = "") -> str:
        """Draw the grid, the ticks and the titles; the y title stands above, to be read."""
        right = self.width - self.right
        rows = "".join(
            f'<line class="grid" x1="{self.left}" x2="{right}" y1="{self.y(value):.1f}" '
            f'y2="{self.y(value):.1f}"/><text x="{self.left - 8}" y="{self.y(value) + 4:.1f}" '
            f'text-anchor="end">{escape(text)}</text>'
            for value, text in y_ticks
        )
        columns = "".join(x_tick(self.x(value), text, self.floor) for value, text in x_ticks)
        above = f'<text x="0" y="{self.top - 12}">{escape(y_title)}</text>' if y_title else ""
        middle = (self.left + right) / 2
        return (
            f"{rows}{columns}{above}"
            f'<text x="{middle:.0f}" y="{self.height - 4}" text-anchor="middle">'
            f"{escape(x_title)}</text>"
        )


def svg(body: str, label: str, width: int = WIDTH, height: float = HEIGHT) -> str:
    """Return the drawing; `label` is what it says to those who do not see it."""
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>'
    )


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return the points joined by lines, without `M` and without points that repeat."""
    texts = [f"{x:.1f} {y:.1f}" for x, y in points]
    return "L".join(text for i, text in enumerate(texts) if i == 0 or text != texts[i - 1])


def x_tick(x: float, text: str, floor: float = HEIGHT - BOTTOM) -> str:
    """Draw a tick's text under the axis."""
    return f'<text x="{x:.1f}" y="{floor + 17:.1f}" text-anchor="middle">{escape(text)}</text>'


def mark(series: int, x: float, y: float, classes: str = "") -> str:
    """Draw the mark of a series: its colour and its shape."""
    index = series % SERIES
    return (
        f'<g class="s{index} {classes}" transform="translate({x:.1f} {y:.1f})">{_MARKS[index]}</g>'
    )


def key(names: Sequence[str], numbers: Sequence[int] | None = None) -> str:
    """Return the legend: a mark and a name per series; a name is text, not markup."""
    items = "".join(
        f'<li><svg viewBox="-9 -9 18 18" width="18" height="18" aria-hidden="true">'
        f"{mark(series, 0, 0)}</svg>{escape(name)}</li>"
        for series, name in zip(numbers or range(len(names)), names, strict=True)
    )
    return f'<ul class="key">{items}</ul>'


def line_key(names: Sequence[str], numbers: Sequence[int]) -> str:
    """Return the legend of lines without marks: each with its colour and dash."""
    items = "".join(
        f'<li><svg class="chart" viewBox="0 0 30 10" style="width:30px" aria-hidden="true">'
        f'<path class="line s{series} d{series}" d="M0 5H30"/></svg>{escape(name)}</li>'
        for series, name in zip(numbers, names, strict=True)
    )
    return f'<ul class="key">{items}</ul>'


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` letters.

    >>> shortened("magnetic tile", 9)
    'magnetic…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round values inside a range, about `most` of them.

    >>> nice_ticks(0.0, 1.0, 5)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = (high - low) / most
    if not rough > 0:
        return [low]
    base = 10.0 ** math.floor(math.log10(rough))
    step = next(base * m for m in (1, 2, 5, 10) if base * m >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) + 0.0 for i in range(first, math.floor(high / step + 1e-9) + 1)]


def percent_ticks(low: float, high: float, most: int = 6) -> list[tuple[float, str]]:
    """Return round fractions inside a range, written in percent."""
    return [(value, number(100 * value)) for value in nice_ticks(low, high, most)]


def share_range(values: Sequence[float], least: float = 0.1) -> tuple[float, float]:
    """Return a range of fractions that holds the values with some air, at least `least` wide.

    >>> share_range([0.62, 0.97])
    (0.6, 1.0)
    """
    low, high = min(values, default=0.0), max(values, default=1.0)
    middle = (low + high) / 2
    low, high = min(low, middle - least / 2), max(high, middle + least / 2)
    low, high = math.floor(20 * low + 1e-9) / 20, math.ceil(20 * high - 1e-9) / 20
    return (low, high) if values and min(values) < 0 else (max(low, 0.0), high)
