"""A product's part of a page: its curves, its threshold, and its pictures with what was found."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.figures.colours import number
from workbench.figures.overlay import outline, overlay
from workbench.pages import charts
from workbench.pages.inputs import Cases, CategoryReport, Example
from workbench.pages.markup import escape, img, opened, percent, shrunk
from workbench.pages.plots import curve_panels
from workbench.pages.thresholds import scores_figure, threshold_box
from workbench.pages.words import CASE_TITLES, METRIC_NAMES

PICTURE_SIDE = 260
SMALL_SIDE = 190
FEWER = 3
"""How many cases of a kind are shown where the pictures are small."""
_HEADLINE = ("image_auroc", "image_ap", "pixel_auroc", "pixel_aupro")
_UNDER = {
    "image_roc": "image_auroc",
    "image_pr": "image_ap",
    "pixel_roc": "pixel_auroc",
    "pixel_pr": "pixel_ap",
    "pixel_pro": "pixel_aupro",
}
"""The figure that sums up each curve."""
_SHORT = {"image_auroc": "AUROC", "image_ap": "AP", "pixel_auroc": "AUROC", "pixel_ap": "AP"}


def category_section(
    category: CategoryReport, index: int, settings: Mapping[str, Any], side: int = PICTURE_SIDE
) -> str:
    """Return the part of the page that belongs to one product; pictures of `side` pixels."""
    figures = "".join(
        f"<span>{METRIC_NAMES[name]} "
        f"<b>{percent(category.metrics[name], category.undefined.get(name, ''))}</b></span>"
        for name in _HEADLINE
        if name in category.measures
    )
    normal, defective = category.counts
    spectrum = (
        f"""<figure><figcaption><b>Sensitivity of the neurons</b>, ranked, over
{_count(len(category.support), "support picture")}</figcaption>
{charts.spectrum(category.sensitivity, len(category.selected))}</figure>"""
        if len(category.sensitivity) and len(category.selected)
        else ""
    )
    return f"""<article class="category" id="product-{index}">
<header><h3>{escape(category.name)}</h3><p class="figures">{figures}</p></header>
<div class="curves">
<figure><figcaption><b>Scores of the test pictures</b>: {normal} normal, {defective}
defective; each strip has its own height</figcaption>
{scores_figure(category)}</figure>
{spectrum}
</div>
{_text(category)}
{threshold_box(category)}
{curve_panels(category.curves, _areas(category))}
{_legend(category)}
{_strip(category, settings, side)}
{"".join(_cases(cases, category, side) for cases in category.cases)}
</article>"""


def _areas(category: CategoryReport) -> dict[str, str]:
    return {
        curve: f"{_SHORT.get(metric, METRIC_NAMES[metric])} {100 * value:.1f}"
        for curve, metric in _UNDER.items()
        if (value := category.metrics.get(metric)) is not None
    }


def _text(category: CategoryReport) -> str:
    """Say which way the text branch points, with its interval."""
    measure = category.text
    if measure is None or measure.value is None:
        return ""
    low, high = measure.low, measure.high
    between = "" if low is None else f" ({percent(low)} to {percent(high)}, 95 %)"
    if low is not None and high is not None and low <= 0.5 <= high:
        said = "its sign cannot be told from chance here"
    elif measure.value >= 0.5:
        said = "it points the right way (sign +)"
    else:
        said = "it points the wrong way (sign −): defective pictures look more normal to it"
    return (
        f'<p class="aside"><b>The text branch alone</b> has an image AUROC of '
        f"{percent(measure.value)}{between}: {said}.</p>"
    )


def _legend(category: CategoryReport) -> str:
    shown = [*category.examples, *(e for cases in category.cases for e in cases.examples)]
    if not shown:
        return ""
    masks = any(example.mask is not None and example.mask.any() for example in shown)
    contour = '<span><i class="swatch"></i>ground truth</span>' if masks else ""
    return f"""<div class="legend">
<span>anomaly score {charts.colour_bar(category.value_range)}</span>
{contour}<span><i class="swatch patch"></i>strongest patch</span></div>"""


def _strip(category: CategoryReport, settings: Mapping[str, Any], side: int) -> str:
    if not category.examples:
        return ""
    cards = "".join(_card(example, category, side) for example in category.examples)
    site = settings.get("site")
    shares = any(example.neurons for example in category.examples)
    bars = (
        f'<p class="muted small">Bars: the neurons at <code>{escape(site)}</code> with the largest '
        "shares of the strongest patch’s visual score, drawn against this product’s largest.</p>"
        if site and shares
        else ""
    )
    return f"""<h4 class="apart">A first look</h4>
<p class="muted small">The first normal test pictures and the first of each defect, by file name:
chosen before any score was seen.</p>
{bars}
<div class="examples">{cards}</div>"""


def _cases(cases: Cases, category: CategoryReport, side: int) -> str:
    most = len(cases.examples) if side == PICTURE_SIDE else FEWER
    examples = cases.examples[:most]
    cards = "".join(_card(example, category, side, bars=False) for example in examples)
    shown, found = len(examples), cases.found
    count = f"{shown} of {found}." if shown < found else f"All {found} are shown."
    if found < 2:
        count = "There is one." if found else "There is none."
    title = CASE_TITLES.get(cases.kind, cases.kind)
    return f"""<h4 class="apart">{escape(title)}</h4>
<p class="muted small">{escape(cases.rule)} {count}</p>
<div class="examples">{cards}</div>"""


def _card(example: Example, category: CategoryReport, side: int, bars: bool = True) -> str:
    picture = shrunk(opened(example.picture), 2 * side)
    plain = picture
    if example.patch is not None and example.grid is not None:
        plain = outline(picture, *example.patch, example.grid)
    heat = overlay(picture, example.anomaly_map, category.value_range, example.mask)
    kind = "defect" if example.label else "normal"
    what = (example.defect or "defective") if example.label else "normal"
    alt = f"{category.name}, {what}"
    above = _above_normal(example, category)
    note = f'<div class="file">{escape(example.note)}</div>' if example.note else ""
    neurons = _neurons(example, category) if bars else ""
    return f"""<figure class="example {kind}-case">
<div class="pair">
{img(plain, alt, side)}
{img(heat, f"{alt}, anomaly map", side)}
</div>
<figcaption><div class="verdict"><span class="is">{escape(what)}</span>
<span class="score"><span>score</span> {number(example.score)}</span></div>
<div class="file">{escape(example.name)}{above}</div>{note}{neurons}</figcaption>
</figure>"""


def _neurons(example: Example, category: CategoryReport) -> str:
    """Draw the strongest neurons' shares; a full bar is the largest share on the product."""
    if not example.neurons:
        return ""
    largest = max(share for each in category.examples for _, share in each.neurons) or 1.0
    items = "".join(
        f'<li title="{escape(name)}"><code>{escape(name.rpartition(":")[2])}</code>'
        f'<span class="track"><i style="width:{100 * share / largest:.1f}%"></i></span>'
        f'<span class="of">{percent(share)} %</span></li>'
        for name, share in example.neurons
    )
    return f'<ul class="neurons">{items}</ul>'


def _above_normal(example: Example, category: CategoryReport) -> str:
    """Say how a defective picture's score stands among the normal ones."""
    normal = category.scores[~np.asarray(category.labels).astype(bool)]
    if not example.label or len(normal) == 0:
        return ""
    below = int((normal < example.score).sum())
    return f" · above {below} of {len(normal)} normal"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
