"""A neuron's card as a page that needs nothing else."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from workbench.cards.card import Card, Miss, Shown
from workbench.cards.watching import ANOMALOUS, DEFECT, NORMAL, UNKNOWN
from workbench.evaluation.measure import Measure
from workbench.figures.colours import number
from workbench.figures.contact_sheet import outlined
from workbench.figures.overlay import outline, overlay
from workbench.pages.charts import colour_bar
from workbench.pages.histogram import Bars, histogram, histogram_key
from workbench.pages.markup import breakable, escape, img, percent, scrolling
from workbench.pages.shell import document

GROUPS = {
    NORMAL: ("patches of normal pictures", "normal"),
    DEFECT: ("patches that touch a defect", "defective"),
    ANOMALOUS: ("patches of defective pictures without a mask", "defective"),
    UNKNOWN: ("patches of the recorded pictures", "other"),
}
METHODS = {
    "dissect": "where it fires (soft-WPMI)",
    "decoder": "what it writes (decoder to text)",
    "sparse": "what it writes, as a sum of words",
}
DEVIATIONS = (2.0, 6.0)
"""The colour scale of the maps, in normal standard deviations: the same on every card."""
_MISS_SIDE = 240


def card_html(card: Card, title: str, steer: Sequence[tuple[str, str]] = ()) -> str:
    """Return a card as one HTML document; `steer` are links (address, text) to other cards."""
    sections = [
        ("fires", "How it fires", _fires(card)),
        ("patches", "What it answers to", _patches(card)),
        ("words", "In words", _words(card)),
        ("without", "Without it", _without(card)),
        ("misses", "On the worst misses", _misses(card)),
        ("nothing", "A picture from nothing", _visualised(card)),
    ]
    shown = [section for section in sections if section[2]]
    main = "".join(
        f'<section id="{anchor}"><h2>{name}</h2>{body}</section>' for anchor, name, body in shown
    )
    named = "" if card.term is None else f" “{escape(card.term)}”"
    return document(
        title,
        f"Neuron <code>{escape(card.name)}</code>{named}",
        _lead(card),
        [(anchor, name) for anchor, name, _ in shown],
        _findings(card) + _steer(steer),
        main,
    )


def measured(measure: Measure | None, signed: bool = False) -> str:
    """Return a figure in percent with its interval, as markup."""
    if measure is None:
        return '<span class="undefined">not measured</span>'
    value = percent(measure.value, measure.undefined, signed)
    if measure.low is None or measure.high is None:
        return value
    low, high = (percent(end, signed=signed) for end in (measure.low, measure.high))
    return f'{value}<span class="ci">{low} to {high}</span>'


def _lead(card: Card) -> str:
    place = card.place
    chosen = ", one of the neurons that the run selected" if place.selected else ""
    words = (
        "None of the words it was tried with fits better than chance."
        if card.labels and card.term is None
        else ""
    )
    rank = f"Number {place.rank} of {place.of} at its site by {escape(place.statistic)}"
    return f"{rank}{chosen}. {words}"


def _findings(card: Card) -> str:
    items = []
    if card.alone is not None:
        items.append(
            (
                measured(card.alone),
                "image AUROC by itself",
                "How well its largest distance from its normal mean tells defective pictures from "
                "normal ones. 50 is chance.",
            )
        )
    if card.carries is not None and np.isfinite(card.carries):
        items.append(
            (
                f"{percent(card.carries)} %",
                "of the visual score",
                "Its mean share at the strongest patch of the defective pictures; the shares of "
                "all selected neurons sum to 100.",
            )
        )
    if card.silenced is not None:
        items.append(
            (
                measured(card.silenced.auroc, signed=True),
                "points of image AUROC",
                "What the detector gains or loses when it is silenced.",
            )
        )
    rows = "".join(
        f'<li><div class="value">{value}<span class="unit">{unit}</span></div><div>'
        f"<p>{text}</p></div></li>"
        for value, unit, text in items
    )
    return f'<ol class="findings">{rows}</ol>' if rows else ""


def _steer(links: Sequence[tuple[str, str]]) -> str:
    if not links:
        return ""
    items = "".join(f'<a href="{escape(to)}">{escape(text)}</a>' for to, text in links)
    return f'<nav class="steer" aria-label="Other neurons">{items}</nav>'


def _fires(card: Card) -> str:
    groups = [Bars(*GROUPS[one.group], one.counts) for one in card.histograms]
    rows = "".join(
        f"<tr><th>{escape(GROUPS[one.group][0])}</th><td>{one.patches:,}</td>"
        f"<td>{number(one.mean)}</td><td>{number(one.deviation)}</td></tr>"
        for one in card.histograms
    )
    table = scrolling(
        '<table class="compact"><thead><tr><th></th><th>patches</th><th>mean</th>'
        f"<th>deviation</th></tr></thead><tbody>{rows}</tbody></table>",
        "Activation by group",
    )
    return f"""{histogram_key(groups)}
<div class="chartbox sweep">{histogram(card.edges, groups, "activation")}</div>
{table}
<p class="muted small">Bars are of a uniform sample of at most 4,096 patches of each group; the
table is of all.</p>"""


def _patches(card: Card) -> str:
    ends = card.ends
    known = [one.touches for one in ends.highest if one.touches is not None]
    said = ""
    if known and ends.touching is not None:
        said = (
            f"{sum(known)} of the {len(known)} highest touch a defect (framed); of all patches, "
            f"{percent(ends.touching)} % do."
        )
    return f"""<p class="muted">The patches at which it was most extreme, one patch around each.
{said}</p>
<h4 class="apart">Highest</h4>{_crops(ends.highest)}
<h4 class="apart">Lowest</h4>{_crops(ends.lowest)}"""


def _crops(shown: Sequence[Shown]) -> str:
    figures = "".join(
        f"<figure{' class=' + chr(34) + 'on' + chr(34) if one.touches else ''}>"
        f"{img(outlined(one.crop, one.box), f'patch of {one.image}', 192)}"
        f"<figcaption>{number(one.value)}<br>{breakable(one.image)}</figcaption></figure>"
        for one in shown
    )
    return f'<div class="crops">{figures}</div>'


def _words(card: Card) -> str:
    if not card.labels:
        return ""
    rows = "".join(
        f'<tr><th class="left">{METHODS.get(method, escape(method))}</th>'
        f'<td class="left">{"no label" if one.term is None else f"<b>{escape(one.term)}</b>"}</td>'
        f"<td>{number(one.score)}</td><td>{number(one.null_95)}</td><td>{number(one.q_value)}</td>"
        f'<td class="left">{escape(", ".join(f"{t} {number(s)}" for t, s in one.runners_up))}</td>'
        "</tr>"
        for method, one in card.labels.items()
    )
    table = scrolling(
        '<table class="compact"><thead><tr><th class="left">method</th><th class="left">label</th>'
        "<th>score</th><th>chance, 95 %</th><th>q</th>"
        f'<th class="left">next best</th></tr></thead><tbody>{rows}</tbody></table>',
        "Labels",
    )
    return f"""{table}
<p class="muted small">A word counts as a label only where its score is better than the best word’s
by chance; q, which must be 0.05 or less, is corrected over the neurons of this set.</p>"""


def _without(card: Card) -> str:
    silenced = card.silenced
    if silenced is None:
        return ""

    rows = "".join(
        f"<tr><th>{name}</th><td>{_change(measure)}</td></tr>"
        for name, measure in (
            ("raw image score, normal pictures", silenced.normal),
            ("raw image score, defective pictures", silenced.anomalous),
        )
    )
    table = scrolling(
        '<table class="compact"><thead><tr><th></th><th>mean change</th></tr></thead><tbody>'
        f"{rows}<tr><th>image AUROC, points</th><td>{measured(silenced.auroc, signed=True)}</td>"
        "</tr></tbody></table>",
        "Effects of silencing",
    )
    return f"""<p class="muted">Held at its normal mean at every patch, on {silenced.images} test
pictures, with gallery and scales as they were; 95 % intervals over pictures.</p>
{table}"""


def _change(measure: Measure) -> str:
    """Return a change of raw scores with its interval, as markup."""
    if measure.value is None:
        return percent(None, measure.undefined)
    value = signed(measure.value)
    if measure.low is None or measure.high is None:
        return value
    return f'{value}<span class="ci">{signed(measure.low)} to {signed(measure.high)}</span>'


def signed(value: float) -> str:
    """Return a number with its sign and three significant digits.

    >>> signed(-0.02)
    '−0.02'
    """
    return f"{value:+.3g}".replace("-", "−")


def _misses(card: Card) -> str:
    if not card.misses:
        return ""
    figures = "".join(
        f"""<figure class="example defect-case"><div class="pair">
{img(miss.picture, miss.image, _MISS_SIDE)}
{img(_map(miss), f"{miss.image}, the neuron’s deviation", _MISS_SIDE)}
</div><figcaption><div class="verdict"><span class="is">{escape(miss.defect)}</span>
<span class="score"><span>score</span> {number(miss.score)}</span></div>
<div class="file">{escape(miss.image)} · {_farthest(miss)}{_where(miss.touches)}</div>
</figcaption></figure>"""
        for miss in card.misses
    )
    return f"""<p class="muted">Defective pictures below the threshold, the lowest score first, and
how far the neuron is from its normal mean, in normal standard deviations.</p>
<div class="legend"><span>deviations {colour_bar(DEVIATIONS)}</span>
<span><i class="swatch patch"></i>largest</span></div>
<div class="examples">{figures}</div>"""


def _visualised(card: Card) -> str:
    found = card.visualised
    if found is None:
        return ""
    figures = "".join(
        f"<figure>{img(picture, f'optimised, seed {seed}', 192)}<figcaption>seed {seed}: mean "
        f"{number(float(score))}, above {share:.0f} % of the natural pictures</figcaption></figure>"
        for picture, seed, score, share in zip(
            found.images(), found.seeds, found.reached.score, found.percentiles(), strict=True
        )
    )
    warning = "<p><b>It never had a slope to follow: dead here.</b></p>" if found.dead else ""
    return f"""<p class="muted">Optimised from noise to drive the neuron, the mean over patches. A
last resort: it shows one thing that does, not what the neuron is for. The highest of
{len(found.natural.score)} natural pictures reaches
{number(float(found.natural.score.max()))}.</p>{warning}
<div class="crops wide">{figures}</div>"""


def _farthest(miss: Miss) -> str:
    if miss.largest is None:
        return "on normal pictures it never varies; farthest from there"
    return f"at most {number(miss.largest)} deviations"


def _map(miss: Miss) -> Image.Image:
    heat = miss.picture
    if miss.largest is not None:
        heat = overlay(miss.picture, np.abs(miss.deviation).astype(float), DEVIATIONS)
    rows, columns = miss.deviation.shape
    return outline(heat, miss.row, miss.column, (rows, columns))


def _where(touches: bool | None) -> str:
    if touches is None:
        return ""
    return ", on the defect" if touches else ", beside the defect"
