"""The page of a set of neurons: a row for each, and what the set is as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np

from workbench.cards.card import Card, Cards
from workbench.figures.colours import number
from workbench.neurons.sparsity.overlap import Pairs
from workbench.neurons.sparsity.spectrum import Spectrum
from workbench.pages.charts import spectrum as spectrum_chart
from workbench.pages.markup import escape, img, percent, scrolling
from workbench.pages.neuron_card import measured
from workbench.pages.shell import document

MEASURES = {
    "gini": "Gini",
    "hoyer": "Hoyer",
    "vinje_gallant": "Vinje and Gallant",
    "participation_ratio": "participation ratio",
    "kurtosis": "excess kurtosis",
    "knee": "neurons up to the knee",
    "needed_for_90": "neurons that hold 90 %",
}


Row = Mapping[str, Any]
"""What `Card.row` returns."""


def file_of(card: Card) -> str:
    """Return the name of a card's files, without an ending."""
    return f"{card.neuron.site}.{card.neuron[0]}"


def set_html(
    cards: Cards,
    spectra: Mapping[str, Spectrum],
    command: str,
    back: str = "",
) -> str:
    """Return the summary page; `spectra` by site, `back` the address of the page above."""
    labelled, model = sum(card.term is not None for card in cards), cards.model
    links = [("neurons", "Neuron by neuron"), ("set", "The set"), ("made", "How it was made")]
    steer = (
        f'<nav class="steer" aria-label="Above"><a href="{escape(back)}">All products</a></nav>'
        if back
        else ""
    )
    main = f"""<section id="neurons"><h2>Neuron by neuron</h2>
<p class="muted">Every name leads to the neuron’s card.</p>
{_table(cards)}</section>
<section id="set"><h2>The set</h2>{"".join(_set(cards, site, s) for site, s in spectra.items())}
{_labels(cards)}</section>
<section id="made"><h2>How it was made</h2>
<ul class="limits">{"".join(f"<li>{escape(line)}</li>" for line in cards.made)}</ul>
<dl class="terms protocol"><dt>Command</dt><dd><code>{escape(command)}</code></dd>
<dt>Model</dt><dd>{escape(model["name"])}, {escape(model.get("source", ""))}</dd>
<dt>Weights</dt><dd><code>{escape(model.get("fingerprint", ""))}</code></dd></dl></section>"""
    tried = sum(bool(card.labels) for card in cards)
    lead = (
        f"{labelled} of the {tried} that were tried have a label in words that is better than "
        "chance."
        if tried
        else "Labels need the model, which was not at hand."
    )
    return document(cards.title, escape(cards.title), lead, links, steer, main)


def products_html(
    title: str, products: Mapping[str, Sequence[Row]], overlaps: Pairs | None, command: str
) -> str:
    """Return the page over several products, each in a folder of its name, and what they share."""
    items = "".join(
        f'<tr><th><a href="{escape(quote(name))}/index.html">{escape(name)}</a></th>'
        f"<td>{len(rows)}</td><td>{sum(row['label'] is not None for row in rows)}</td></tr>"
        for name, rows in products.items()
    )
    table = scrolling(
        "<table><thead><tr><th>product</th><th>neurons</th><th>with a label</th></tr></thead>"
        f"<tbody>{items}</tbody></table>",
        "Products",
    )
    shared = "" if overlaps is None else _overlaps(overlaps)
    main = f"""<section id="products"><h2>Product by product</h2>{table}</section>{shared}
<section id="made"><h2>How it was made</h2><dl class="terms protocol"><dt>Command</dt>
<dd><code>{escape(command)}</code></dd></dl></section>"""
    links = [("products", "Product by product")]
    links += [("shared", "What they share")] if shared else []
    return document(title, escape(title), "", [*links, ("made", "How it was made")], "", main)


def _table(cards: Cards) -> str:
    rows = "".join(_row(card) for card in cards)
    return scrolling(
        '<table class="figures-table"><thead><tr><th>neuron</th><th class="left">strongest '
        "patches</th><th>rank</th>"
        '<th>sensitivity</th><th class="left">label</th><th>alone, image AUROC</th>'
        "<th>carries, %</th><th>AUROC when silenced, points</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>",
        "Neurons",
    )


def _row(card: Card) -> str:
    crops = "".join(
        img(shown.crop, f"patch of {shown.image}", 40) for shown in card.ends.highest[:4]
    )
    silenced = None if card.silenced is None else card.silenced.auroc
    carries = (
        percent(card.carries)
        if card.carries is not None and np.isfinite(card.carries)
        else '<span class="undefined">not selected</span>'
        if card.silenced is not None
        else '<span class="undefined">no detector</span>'
    )
    label = '<span class="undefined">no label</span>' if card.term is None else escape(card.term)
    return (
        f'<tr><th><a href="{escape(file_of(card))}.html">{escape(card.name)}</a></th>'
        f'<td class="left"><span class="strip">{crops}</span></td>'
        f"<td>{card.place.rank}</td><td>{number(card.place.sensitivity)}</td>"
        f'<td class="left">{label}</td><td>{measured(card.alone)}</td><td>{carries}</td>'
        f"<td>{measured(silenced, signed=True)}</td></tr>"
    )


def _set(cards: Cards, site: str, spectrum: Spectrum) -> str:
    shown = sum(card.neuron.site == site for card in cards)
    rows = "".join(
        f"<tr><th>{MEASURES.get(name, escape(name))}</th><td>{number(one.value)}</td>"
        f"<td>{number(one.null_low)} to {number(one.null_high)}</td><td>{number(one.p_value)}</td>"
        "</tr>"
        for name, one in spectrum.measures.items()
    )
    table = scrolling(
        '<table class="compact"><thead><tr><th>measure</th><th>value</th>'
        f"<th>null, middle 95 %</th><th>p</th></tr></thead><tbody>{rows}</tbody></table>",
        "Sparsity",
    )
    chart = spectrum_chart(cards.sensitivities[site], cards.selected.get(site, shown))
    return f"""<h3 class="apart"><code>{escape(site)}</code></h3>
<div class="chartbox sweep">{chart}</div>
<p>The knee of the spectrum is at {spectrum.knee} neurons; {spectrum.needed_for(0.9)} hold 90 % of
all sensitivity, {spectrum.needed_for(0.99)} hold 99 %.</p>
{table}
<p class="muted small">The null: all neurons of one variance, measured on
{spectrum.observations} independent observations.</p>"""


def _labels(cards: Cards) -> str:
    methods: dict[str, list[Any]] = {}
    for card in cards:
        for method, one in card.labels.items():
            methods.setdefault(method, []).append(one.term)
    if not methods:
        return ""
    items = "".join(
        f"<li>{escape(method)}: {sum(term is not None for term in terms)} of {len(terms)} with a "
        f"label{_commonest(terms)}</li>"
        for method, terms in methods.items()
    )
    return f'<h3 class="apart">Labels by method</h3><ul class="limits">{items}</ul>'


def _commonest(terms: Sequence[str | None]) -> str:
    known = [term for term in terms if term is not None]
    if not known:
        return ""
    words, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:5]
    return ", most often " + ", ".join(f"{escape(words[i])} ({counts[i]})" for i in order)


def _overlaps(overlaps: Pairs) -> str:
    table = overlaps.table()
    rows = "".join(
        f"<tr><th>{escape(row['first'])}, {escape(row['second'])}</th><td>{row['shared']}</td>"
        f"<td>{number(row['expected_shared'])}</td><td>{number(row['jaccard'])}</td>"
        f"<td>{number(row['q_value'])}</td></tr>"
        for row in table.to_dict("records")
    )
    return f"""<section id="shared"><h2>What they share</h2>
<p class="muted">Selected neurons in common, beside what two random sets of the same sizes would
have; q is corrected over the pairs.</p>
{
        scrolling(
            '<table class="compact"><thead><tr><th>products</th><th>shared</th><th>by chance</th>'
            f"<th>Jaccard</th><th>q</th></tr></thead><tbody>{rows}</tbody></table>",
            "Overlap",
        )
    }</section>"""
