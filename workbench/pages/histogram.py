"""Histograms over one another: the same bins, each group's bars summing to 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from workbench.figures.colours import number
from workbench.pages.markup import escape
from workbench.pages.svg import Axes, nice_ticks, percent_ticks, svg

_WIDTH, _HEIGHT = 560, 250


@dataclass(frozen=True, eq=False)
class Bars:
    """A group's counts by bin; `kind` is its class in the style: normal, defective or other."""

    name: str
    kind: str
    counts: Int[np.ndarray, "bin"]


def histogram(edges: Float[np.ndarray, "edge"], groups: Sequence[Bars], x_title: str) -> str:
    """Draw each group as steps, filled; the y axis is the share of the group in a bin."""
    shown = [(group, group.counts / total) for group in groups if (total := group.counts.sum())]
    if not shown:
        return '<p class="muted">Nothing was seen.</p>'
    top = max(float(shares.max()) for _, shares in shown)
    axes = Axes((float(edges[0]), float(edges[-1])), (0.0, 1.05 * top), _WIDTH, _HEIGHT, top=26)
    frame = axes.frame(
        [(value, number(value)) for value in nice_ticks(float(edges[0]), float(edges[-1]))],
        percent_ticks(0.0, top, 4),
        x_title,
        "share of the group’s patches, %",
    )
    drawn = "".join(_steps(axes, edges, group, shares) for group, shares in shown)
    label = f"{x_title}: " + ", ".join(
        f"{group.name} {int(group.counts.sum())} patches" for group, _ in shown
    )
    return svg(frame + drawn, label, _WIDTH, _HEIGHT)


def histogram_key(groups: Sequence[Bars]) -> str:
    """Return the legend: a swatch and a name per group."""
    items = "".join(
        f'<li><svg class="chart" viewBox="0 0 18 12" style="width:18px" aria-hidden="true">'
        f'<rect class="bars {group.kind}" width="18" height="12"/></svg>{escape(group.name)}</li>'
        for group in groups
    )
    return f'<ul class="key">{items}</ul>'


def _steps(
    axes: Axes, edges: Float[np.ndarray, "edge"], group: Bars, shares: Float[np.ndarray, "bin"]
) -> str:
    line = "".join(
        f"L{axes.x(float(edges[i])):.1f} {axes.y(float(share)):.1f}"
        f"H{axes.x(float(edges[i + 1])):.1f}"
        for i, share in enumerate(shares)
    )
    start, end = axes.x(float(edges[0])), axes.x(float(edges[-1]))
    return (
        f'<path class="bars {group.kind}" d="M{start:.1f} {axes.floor:.1f}{line}'
        f'L{end:.1f} {axes.floor:.1f}Z"><title>{escape(group.name)}</title></path>'
    )
