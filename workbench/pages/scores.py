"""The test images' scores, one strip per kind of defect, with the threshold across them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from workbench.figures.colours import number
from workbench.pages.markup import escape
from workbench.pages.svg import Axes, nice_ticks, shortened, svg, x_tick

_PITCH, _LEFT, _RIGHT, _TOP, _WIDTH = 44, 92, 58, 26, 480
_BINS = 28
_TALLEST = 27


@dataclass(frozen=True, eq=False)
class Group:
    """A strip: its name, whether it is defective, its images' scores."""

    name: str
    defective: bool
    scores: Float[np.ndarray, "image"]


def score_strips(
    groups: Sequence[Group],
    threshold: float | None = None,
    flagged: Sequence[int] | None = None,
) -> str:
    """Draw a histogram per group on one axis, a tick per image, and the threshold as a line.

    Each strip has its own height scale, and says at its right how many images were flagged.
    """
    shown = np.concatenate([group.scores for group in groups]) if groups else np.zeros(0)
    if len(shown) == 0:
        return '<p class="muted">No test images.</p>'
    ends = shown if threshold is None else np.append(shown, threshold)
    low, high = float(ends.min()), float(ends.max())
    pad = 0.03 * (high - low) or abs(high) * 0.1 or 1.0
    low, high = low - pad, high + pad
    height = _TOP + _PITCH * len(groups) + 40
    axes = Axes((low, high), (0, 1), _WIDTH, height, _LEFT, _RIGHT, _TOP)
    edges = np.linspace(low, high, _BINS + 1)
    strips = "".join(
        _strip(axes, edges, group, index, None if flagged is None else flagged[index])
        for index, group in enumerate(groups)
    )
    ticks = "".join(x_tick(axes.x(v), number(v), axes.floor) for v in nice_ticks(low, high))
    title = (
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{height - 4}" text-anchor="middle">'
        "anomaly score of the image</text>"
    )
    return svg(strips + _line(axes, threshold) + ticks + title, _label(groups), _WIDTH, height)


def _strip(
    axes: Axes, edges: Float[np.ndarray, "edge"], group: Group, index: int, flagged: int | None
) -> str:
    scores = group.scores
    floor = _TOP + _PITCH * (index + 1) - 12
    counts, _ = np.histogram(scores, edges)
    scale = _TALLEST / max(int(counts.max()), 1)
    bars = "".join(
        f'<rect x="{axes.x(edges[i]) + 0.4:.1f}" y="{floor - n * scale:.1f}" '
        f'width="{axes.x(edges[1]) - axes.x(edges[0]) - 0.8:.1f}" height="{n * scale:.1f}"/>'
        for i, n in enumerate(counts)
        if n
    )
    places = sorted({f"{axes.x(float(score)):.1f}" for score in scores})
    rug = "".join(f"M{place} {floor + 2}v6" for place in places)
    kind = "defective" if group.defective else "normal"
    said = "" if flagged is None else f"{flagged} of {len(scores)}"
    return (
        f'<g class="{kind}"><title>{escape(group.name)}: {len(scores)}</title>{bars}'
        f'<path class="rug" d="{rug}"/></g>'
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"/>'
        f'<text class="{kind} strong" x="0" y="{floor - 8}">'
        f"{escape(shortened(group.name, 13))}</text>"
        f'<text x="{_WIDTH - _RIGHT + 10}" y="{floor - 8}">{said or len(scores)}</text>'
    )


def _line(axes: Axes, threshold: float | None) -> str:
    if threshold is None:
        return f'<text x="{_WIDTH - _RIGHT + 10}" y="{_TOP - 14}">images</text>'
    x = axes.x(threshold)
    side = "end" if x > (_LEFT + _WIDTH - _RIGHT) / 2 else "start"
    return (
        f'<line class="threshold" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{axes.floor}"/>'
        f'<text class="strong" x="{x:.1f}" y="{_TOP - 14}" text-anchor="{side}">'
        f"threshold {number(threshold)}</text>"
        f'<text x="{_WIDTH - _RIGHT + 10}" y="{_TOP - 14}">flagged</text>'
    )


def _label(groups: Sequence[Group]) -> str:
    return "Image scores: " + ", ".join(
        f"{len(group.scores)} {group.name} with median {np.median(group.scores):.3g}"
        for group in groups
    )
