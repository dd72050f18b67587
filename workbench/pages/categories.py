"""A product's part of the report: its curves, and its pictures with what was found in them."""

import numpy as np

from workbench.figures.colours import number
from workbench.figures.overlay import outline, overlay
from workbench.pages import charts
from workbench.pages.inputs import CategoryReport, Example, ReportInput
from workbench.pages.markup import escape, img, opened, percent
from workbench.pages.words import METRIC_NAMES

PICTURE_SIDE = 260


def category_section(category: CategoryReport, index: int, report: ReportInput) -> str:
    """Return the part of the page that belongs to one product."""
    figures = "".join(
        f"<span>{label} <b>{percent(category.metrics.get(name), category.undefined.get(name, ''))}"
        "</b></span>"
        for name, label in METRIC_NAMES.items()
    )
    normal, defective = category.counts
    return f"""<article class="category" id="product-{index}">
<header><h3>{escape(category.name)}</h3><p class="figures">{figures}</p></header>
<div class="curves">
<figure><figcaption><b>Sensitivity of the neurons</b>, ranked, over
{_count(len(category.support), "support picture")}</figcaption>
{charts.spectrum(category.sensitivity, len(category.selected))}</figure>
<figure><figcaption><b>Scores of the test pictures</b>: {normal} normal, {defective}
defective</figcaption>
{charts.histograms(category.scores, category.labels)}</figure>
</div>
{_strip(category, report)}
</article>"""


def _strip(category: CategoryReport, report: ReportInput) -> str:
    if not category.examples:
        return ""
    cards = "".join(_card(example, category) for example in category.examples)
    site = report.settings.get("site")
    shares = any(example.neurons for example in category.examples)
    bars = (
        f'<p class="muted small">Bars: the neurons at <code>{escape(site)}</code> with the largest '
        "shares of the strongest patch’s visual score, drawn against this product’s largest.</p>"
        if site and shares
        else ""
    )
    masks = any(example.mask is not None and example.mask.any() for example in category.examples)
    contour = '<span><i class="swatch"></i>ground truth</span>' if masks else ""
    return f"""<div class="legend">
<span>anomaly score {charts.colour_bar(category.value_range)}</span>
{contour}<span><i class="swatch patch"></i>strongest patch</span></div>
{bars}
<div class="examples">{cards}</div>"""


def _card(example: Example, category: CategoryReport) -> str:
    picture = opened(example.picture)
    plain = picture
    if example.patch is not None and example.grid is not None:
        plain = outline(picture, *example.patch, example.grid)
    heat = overlay(picture, example.anomaly_map, category.value_range, example.mask)
    kind = "defect" if example.label else "normal"
    what = (example.defect or "defective") if example.label else "normal"
    alt = f"{category.name}, {what}"
    above = _above_normal(example, category)
    return f"""<figure class="example {kind}-case">
<div class="pair">
{img(plain, alt, PICTURE_SIDE)}
{img(heat, f"{alt}, anomaly map", PICTURE_SIDE)}
</div>
<figcaption><div class="verdict"><span class="is">{escape(what)}</span>
<span class="score"><span>score</span> {number(example.score)}</span></div>
<div class="file">{escape(example.name)}{above}</div>{_neurons(example, category)}</figcaption>
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
