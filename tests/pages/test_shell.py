import re

import pytest

from tests.pages.benchmarks import benchmark, claim, ledger
from tests.pages.reading import Reader
from tests.pages.reports import category, report
from workbench.pages.benchmark import benchmark_html
from workbench.pages.claims import claims_html
from workbench.pages.report import report_html

PAGES = {
    "report": lambda: report_html(report()),
    "report of one": lambda: report_html(report(category("tile"))),
    "benchmark": lambda: benchmark_html(benchmark()),
    "claims": lambda: claims_html(ledger()),
    "one claim": lambda: claims_html(ledger(claim(4))),
}


@pytest.fixture(scope="module", params=list(PAGES))
def page(request):
    return PAGES[request.param]()


def test_a_page_is_well_formed_and_needs_nothing_but_itself(page):
    reader = Reader(page)
    assert not re.search(r"https?://|//cdn|@import|url\(", page)
    assert not reader.named("script")
    for attrs in [*reader.named("img"), *reader.named("link"), *reader.named("a")]:
        address = attrs.get("src") or attrs["href"]
        assert address.startswith(("data:", "#"))


def test_every_link_leads_somewhere_and_no_name_is_used_twice(page):
    reader = Reader(page)
    names = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(names) == len(set(names))
    assert {attrs["href"][1:] for attrs in reader.named("a")} <= set(names)


def test_every_picture_and_chart_has_a_text_for_those_who_do_not_see_it(page):
    reader = Reader(page)
    assert all(attrs["alt"] for attrs in reader.named("img"))
    charts = [attrs for attrs in reader.named("svg") if "aria-hidden" not in attrs]
    assert charts
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in charts)


def test_every_table_sits_in_a_box_of_its_own_that_scrolls(page):
    assert page.count("<table") == page.count('class="scroll" tabindex="0" role="region"')


def test_no_drawing_holds_a_number_that_is_none(page):
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert not [drawing for drawing in drawings if re.search(r"\b(nan|inf|None)\b", drawing)]


@pytest.mark.parametrize("name", PAGES)
def test_the_same_input_is_the_same_bytes(name):
    assert PAGES[name]() == PAGES[name]()
