"""Small charts as inline SVG: no script, crisp in print, coloured by the page's light or dark."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from workbench.figures.colours import css_gradient, number
from workbench.figures.curves import CONTROL_NAMES, ranked
from workbench.pages.inputs import Values
from workbench.pages.markup import escape
from workbench.pages.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, path, svg, x_tick

MOST_POINTS = 300


def spectrum(sensitivity: Float[np.ndarray, "neuron"], k: int) -> str:
    """Draw the sensitivities by rank on a log scale, with the first `k` filled."""
    values, share = ranked(sensitivity, k)
    shown = values[values > 0]
    if len(shown) == 0:
        return '<p class="muted">No neuron varied over the support.</p>'
    low, high = math.log10(shown[-1]), math.log10(shown[0])
    low, high = (low - 0.5, high + 0.5) if high - low < 0.1 else (low, high)
    neurons = len(values)
    picks = np.unique(np.round(np.linspace(0, len(shown) - 1, MOST_POINTS)).astype(int))
    picks = np.unique(np.append(picks, min(k, len(shown)) - 1))

    def x(rank: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (rank - 1) / max(neurons - 1, 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / (high - low)

    points = [(x(float(rank + 1)), y(float(shown[rank]))) for rank in picks]
    chosen = [point for rank, point in zip(picks, points, strict=True) if rank < k]
    floor = HEIGHT - BOTTOM
    area = f"M{LEFT} {floor} L" + path(chosen) + f" L{chosen[-1][0]:.1f} {floor}Z"
    decades = range(math.ceil(low), math.floor(high) + 1)
    step = max(1, math.ceil(len(decades) / 5))
    grid = "".join(_y_line(y(10.0**d), _power(d)) for d in decades[::step])
    ticks = "".join(x_tick(x(rank), str(rank)) for rank in _rank_ticks(neurons, k))
    side, anchor = (8, "start") if x(k) < WIDTH * 0.55 else (-8, "end")
    mark = (
        f'<line class="mark" x1="{x(k):.1f}" x2="{x(k):.1f}" y1="{TOP}" y2="{floor}"/>'
        f'<text class="strong" x="{x(k) + side:.1f}" y="{TOP + 12}" text-anchor="{anchor}">'
        f"K = {k} of {neurons}</text>"
        f'<text x="{x(k) + side:.1f}" y="{TOP + 29}" text-anchor="{anchor}">'
        f"{share:.0%} of the sensitivity</text>"
    )
    body = f'{grid}<path class="area" d="{area}"/><path class="curve" d="M{path(points)}"/>{mark}'
    label = (
        f"Sensitivity of {neurons} neurons by rank, log scale; the first {k} hold {share:.0%} "
        "of the total."
    )
    return svg(body + ticks + _x_title("rank of the neuron"), label)


CONTROL_ROWS = ("top", "all", "random", "bottom", "text_only")


def controls(
    categories: Mapping[str, Mapping[str, Values]], mean: Mapping[str, Values] | None = None
) -> str:
    """Draw, per category and for their mean, each control's image AUROC as a mark on one axis."""
    rows = [(name, row, "") for name, row in categories.items()]
    rows += [] if mean is None else [("mean", mean, "strong")]
    values = [
        value - (found.get("image_auroc_sd") or 0.0)
        for _, row, _ in rows
        for control in CONTROL_ROWS
        if (value := (found := row.get(control, {})).get("image_auroc")) is not None
    ]
    if not values:
        return ""
    width, left, pitch = 720, 150, 34
    low = max(0.0, min(0.5, math.floor(10 * min(values)) / 10))
    height = TOP + pitch * len(rows) + BOTTOM

    def x(value: float) -> float:
        return left + (width - left - 30) * (value - low) / (1 - low)

    floor = height - BOTTOM
    steps = round((1 - low) * 10)
    ticks = [1 - i / 10 for i in range(steps + 1)]
    grid = "".join(
        f'<line class="{"chance" if abs(t - 0.5) < 1e-9 else "grid"}" x1="{x(t):.1f}" '
        f'x2="{x(t):.1f}" y1="{TOP}" y2="{floor}"/>' + x_tick(x(t), f"{100 * t:.0f}", floor)
        for t in ticks
    )
    body = "".join(
        _control_name(name, kind, left - 14, TOP + pitch * (i + 0.5))
        + _control_marks(row, TOP + pitch * (i + 0.5), x)
        for i, (name, row, kind) in enumerate(rows)
    )
    title = (
        f'<text x="{(left + width - 30) / 2:.0f}" y="{height - 4}" text-anchor="middle">'
        "image AUROC (%)</text>"
    )
    return svg(
        grid + body + title,
        "Image AUROC of each choice of neurons; the numbers are in the table below.",
        width,
        height,
    )


def control_key(random_draws: int | None = None) -> str:
    """Return the legend of `controls`."""
    draws = f", mean ± sd of {random_draws} draws" if random_draws else ", mean ± sd"
    items = "".join(
        f'<li><svg viewBox="-9 -9 18 18" width="18" height="18" aria-hidden="true">'
        f"{_marker(control, 0, 0)}</svg>{escape(CONTROL_NAMES[control])}"
        f"{draws if control == 'random' else ''}</li>"
        for control in CONTROL_ROWS
    )
    return f'<ul class="key">{items}</ul>'


def barcode(selected: Sequence[int], neurons: int) -> str:
    """Draw all neurons of the site side by side, the selected ones standing out."""
    pitch = WIDTH / max(neurons, 1)
    lines = "".join(
        f'<rect x="{index * pitch:.2f}" y="0" width="{max(pitch * 0.8, 0.6):.2f}" height="46"/>'
        for index in sorted(selected)
    )
    label = f"{len(selected)} of {neurons} neurons selected"
    back = f'<rect class="back" x="0" y="0" width="{WIDTH}" height="46" rx="3"/>'
    return svg(f'{back}<g class="normal">{lines}</g>', label, WIDTH, 46)


def colour_bar(value_range: tuple[float, float]) -> str:
    """Return the legend of the anomaly colours, with the values at its ends."""
    low, high = value_range
    return (
        f'<span class="scale"><span>≤ {number(low)}</span>'
        f'<span class="ramp" style="background:{css_gradient()}"></span>'
        f"<span>≥ {number(high)}</span></span>"
    )


def _control_name(name: str, kind: str, x: float, y: float) -> str:
    shown = name if len(name) <= 18 else name[:17] + "…"
    return f'<text class="{kind}" x="{x}" y="{y + 4:.1f}" text-anchor="end">{escape(shown)}</text>'


def _control_marks(row: Mapping[str, Values], y: float, x: Callable[[float], float]) -> str:
    marks = []
    for control in reversed(CONTROL_ROWS):
        values = row.get(control, {})
        value = values.get("image_auroc")
        if value is None:
            continue
        spread = values.get("image_auroc_sd") or 0.0
        whisker = (
            f'<line class="whisker" x1="{x(max(value - spread, 0)):.1f}" '
            f'x2="{x(min(value + spread, 1)):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            if spread
            else ""
        )
        sd = f" ± {100 * spread:.1f}" if spread else ""
        marks.append(
            f"<g><title>{escape(CONTROL_NAMES[control])}: {100 * value:.1f}{sd}</title>"
            f"{whisker}{_marker(control, x(value), y)}</g>"
        )
    return "".join(marks)


def _marker(control: str, x: float, y: float) -> str:
    at = f'class="c-{control}" transform="translate({x:.1f} {y:.1f})"'
    shape = {
        "top": '<circle r="7"/>',
        "all": '<path d="M0-7 7 0 0 7-7 0Z"/>',
        "random": '<rect x="-2" y="-8" width="4" height="16"/>',
        "bottom": '<path d="M-6-5H6L0 6Z"/>',
        "text_only": '<rect x="-5" y="-5" width="10" height="10"/>',
    }[control]
    return f"<g {at}>{shape}</g>"


def _y_line(y: float, text: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    )


def _x_title(text: str) -> str:
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{text}</text>'


def _power(exponent: int) -> str:
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return {0: "1", 1: "10"}.get(exponent, f"10{digits}")


def _rank_ticks(neurons: int, k: int) -> list[int]:
    near = neurons / 12
    return [1, *([k] if near < k < neurons - near else []), neurons] if neurons > 1 else [1]
