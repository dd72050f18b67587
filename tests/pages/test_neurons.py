"""The pages of neurons: well formed, honest about what is missing, closed to foreign markup."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.pages.reading import Reader
from workbench.cards.card import (
    Card,
    Cards,
    Ends,
    GroupHistogram,
    Miss,
    Place,
    Shown,
    Silenced,
)
from workbench.clip.neuron_set import NeuronSet
from workbench.evaluation.measure import Measure
from workbench.neurons.labels import Label
from workbench.neurons.sparsity.overlap import set_overlaps
from workbench.neurons.sparsity.spectrum import spectrum
from workbench.pages.histogram import Bars, histogram
from workbench.pages.neuron_card import card_html
from workbench.pages.neuron_set import file_of, products_html, set_html

SITE = "blocks.2.hook_resid_post"
EVIL = "<script>alert(1)</script>.png"


def card(index: int = 3, term: str | None = "scratch") -> Card:
    shown = Shown(1.5, EVIL, 0, 1, True, Image.new("RGB", (30, 30)), (10.0, 0.0, 20.0, 10.0))
    label = Label(
        f"{SITE}:{index}", "dissect", term, 2.0, 0.01, 0.02, 0.5, 1.0, (("scratch", 2.0),)
    )
    return Card(
        neuron=NeuronSet(SITE, (index,)),
        place=Place("variance", 0.25, 2, 8, selected=True),
        edges=np.linspace(-1, 1, 5),
        histograms=(
            GroupHistogram("normal", 100, 0.1, 0.5, np.array([1, 5, 3, 1])),
            GroupHistogram("defect", 7, 0.8, 0.2, np.array([0, 0, 2, 5])),
        ),
        ends=Ends((shown, replace(shown, touches=False)), (shown,), 0.125),
        labels={"dissect": label},
        alone=Measure("image AUROC", 0.75, "exact", low=0.6, high=0.875),
        carries=0.0912,
        silenced=Silenced(
            50,
            Measure("score", 0.01, "mean"),
            Measure("score", -0.02, "mean", low=-0.03, high=0.0),
            Measure("difference", -0.03, "exact", low=-0.05, high=0.01),
        ),
        misses=(Miss(EVIL, "crack", 0.5, 1, 2, False, np.ones((3, 4), np.float32), shown.crop),),
    )


def cards(*given: Card) -> Cards:
    values = {SITE: np.linspace(1, 2, 8)}
    return Cards("8 neurons", {"name": "tiny"}, given, ("4 images.",), values)


def test_a_miss_of_a_neuron_that_never_varies_on_normal_pictures_says_so():
    flat = replace(card().misses[0], deviation=np.full((3, 4), np.nan, np.float32))
    found = replace(card(), misses=(flat,))
    assert "on normal pictures it never varies" in Reader(card_html(found, "title")).words
    assert found.to_dict()["misses"][0]["largest_deviation"] is None


def test_the_headline_is_the_surest_label_if_it_holds_for_all_methods_together():
    (only,) = card().labels.values()  # q is 0.02
    surer = replace(only, method="sparse", term="crack", q_value=0.01)
    nothing = replace(only, method="decoder", term=None, q_value=0.5)
    assert card().term == "scratch"
    assert replace(card(), labels={"dissect": only, "sparse": surer}).term == "crack"
    three = {"dissect": only, "decoder": nothing, "sparse": replace(nothing, method="sparse")}
    assert replace(card(), labels=three).term is None


def test_a_card_says_every_figure_and_lets_no_markup_in():
    page = card_html(card(), "a & b", [("index.html", "All")])
    read = Reader(page)
    assert "<script" not in page
    assert EVIL in read.words
    for said in (
        "Number 2 of 8",
        "75.0 60.0 to 87.5",
        "9.1 %",
        "−3.0 −5.0 to +1.0",
        "1 of the 2 highest touch a defect",
        "12.5 % do",
        "scratch",
        "+0.01",
        "−0.02 −0.03 to +0",
        "beside the defect",
    ):
        assert said in read.words, said
    assert {attrs["href"] for attrs in read.named("a")} >= {"index.html", "#fires", "#misses"}
    assert all(attrs["src"].startswith("data:") for attrs in read.named("img"))


def test_what_a_card_does_not_have_is_left_out():
    plain = replace(card(), labels={}, alone=None, carries=None, silenced=None, misses=())
    read = Reader(card_html(plain, "t"))
    anchors = {attrs["href"] for attrs in read.named("a")}
    assert anchors == {"#fires", "#patches"}
    assert "AUROC" not in read.words


def test_no_label_is_said_in_words():
    read = Reader(card_html(card(term=None), "t"))
    assert "None of the words it was tried with fits better than chance." in read.words
    assert "no label" in read.words
    assert "scratch 2" in read.words  # the best candidate, as what it is


def test_the_page_of_a_set_leads_to_every_card():
    spectra = {SITE: spectrum(np.linspace(1, 2, 8), observations=4, draws=20)}
    given = cards(card(3), card(5, term=None))
    read = Reader(set_html(given, spectra, "workbench neurons x", back="../index.html"))
    links = [attrs["href"] for attrs in read.named("a")]
    assert f"{SITE}.3.html" in links
    assert f"{SITE}.5.html" in links
    assert "../index.html" in links
    assert file_of(given[1]) == f"{SITE}.5"
    assert "1 of the 2 that were tried have a label" in read.words
    assert "dissect: 1 of 2 with a label, most often scratch (1)" in read.words
    assert "Gini" in read.words


def test_a_set_without_a_detector_says_so():
    bare = replace(card(), labels={}, alone=None, carries=None, silenced=None, misses=())
    read = Reader(set_html(cards(bare), {}, "c"))
    assert "no detector" in read.words
    assert "Labels need the model" in read.words


def test_products_are_compared_where_they_can_be():
    products = {name: [card().row()] for name in ("bolt", "a <b>")}
    overlaps = set_overlaps({"bolt": (1, 2, 3), "nut": (2, 3, 4)}, 32)
    page = products_html("two", products, overlaps, "c")
    read = Reader(page)
    assert "<b>" not in page
    assert "a%20%3Cb%3E/index.html" in {attrs["href"] for attrs in read.named("a")}
    assert "bolt, nut 2 0.281 0.5" in read.words
    assert "What they share" not in Reader(products_html("two", products, None, "c")).words


def test_a_histogram_of_one_group_sums_to_one_and_of_nothing_says_so():
    edges = np.linspace(0, 1, 4)
    drawn = histogram(edges, [Bars("a", "normal", np.array([1, 2, 1]))], "x")
    assert "4 patches" in drawn
    assert "Nothing was seen" in histogram(edges, [Bars("a", "normal", np.zeros(3, int))], "x")


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_share_that_is_undefined_is_not_shown_as_a_figure(value):
    read = Reader(card_html(replace(card(), carries=value), "t"))
    assert "of the visual score" not in read.words
    assert "nan" not in read.words
