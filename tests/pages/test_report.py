import html
import json
import re

import numpy as np
import pytest

from tests.pages.reading import Reader
from tests.pages.reports import (
    CONTROLS,
    MEASURES,
    METRICS,
    category,
    example,
    picture,
    report,
    undefined,
)
from workbench.errors import DataError, RunError
from workbench.evaluation.measure import Measure
from workbench.pages.inputs import Cases
from workbench.pages.report import report_html, write_report


def test_the_figures_on_the_page_are_those_that_were_given():
    words = Reader(report_html(report())).words
    for value in METRICS.values():
        assert f"{100 * value:.1f}" in words
    for values in CONTROLS.values():
        assert f"{100 * values['image_auroc']:.1f}" in words
    assert "± 1.9" in words
    assert "31.0 %" in words
    assert "12.5 %" in words


def test_markup_in_names_and_values_stays_text():
    evil = '<script>alert("x")</script>'
    bad = category(
        evil,
        examples=[example(1, 1, name=evil, defect=evil, neurons=[(f"site:{evil}", 0.5)])],
        support=[evil],
        measures={**MEASURES, "image_ap": undefined("image AP", evil)},
        defects=[""] * 8 + [evil] * 12,
        cases=[Cases(evil, evil, 2, [example(1, 1, name=evil, defect=evil, note=evil)])],
    )
    page = report_html(
        report(
            bad,
            bad,
            title=evil,
            command=evil,
            model={"name": evil, evil: evil},
            settings={"site": evil, "statistic": evil, evil: {evil: evil}},
            definitions={"image_ap": evil},
            versions={evil: evil},
            limits=[evil],
            data=[evil],
            protocol={evil: evil},
        )
    )
    assert "<script" not in page
    reader = Reader(page)
    assert not reader.named("script")
    assert evil in reader.words


def test_an_undefined_metric_is_called_so_and_says_why():
    reason = "there is no normal test image"
    without = category(
        measures={**MEASURES, "image_auroc": undefined("image AUROC", reason)},
        labels=[1] * 20,
    )
    page = report_html(report(without, mean={**METRICS, "image_auroc": None}))
    words = Reader(page).words
    assert "undefined" in words
    assert f"Image AUROC of tile is undefined: {reason}." in words
    assert "Whether it detects cannot be said." in words


def test_without_controls_the_page_does_not_speak_of_them():
    plain = report(category(controls={}), controls={})
    page = report_html(plain)
    assert 'id="controls"' not in page
    assert "points to random" not in page


@pytest.mark.parametrize(
    ("top", "said"),
    [
        (0.9, "The choice of neurons matters."),
        (0.80, "The choice of neurons shows no clear gain."),
        (0.60, "The choice of neurons did harm."),
    ],
)
def test_the_verdict_on_the_choice_follows_the_figures(top, said):
    page = report_html(report(controls={**CONTROLS, "top": {"image_auroc": top}}))
    assert said in page


@pytest.mark.parametrize(
    ("auroc", "said"),
    [(0.95, "neurons tell"), (0.6, "do not reliably tell"), (0.5, "this is chance")],
)
def test_the_headline_claims_no_more_than_the_figures(auroc, said):
    assert said in report_html(report(mean={**METRICS, "image_auroc": auroc}))


def test_the_same_report_is_the_same_bytes():
    assert report_html(report()) == report_html(report())


def test_five_products_of_large_pictures_stay_under_four_megabytes():
    large = [example(seed, seed % 2, picture=picture(seed, 512)) for seed in range(8)]
    page = report_html(report(*[category(f"product {i}", examples=large) for i in range(5)]))
    assert len(page.encode()) < 4_000_000


def test_edge_cases_are_drawn_too():
    bare = category(
        examples=[example(1, 1, mask=None, neurons=(), patch=None, grid=None)],
        scores=np.full(3, 0.5),
        labels=[0, 0, 1],
        defects=["", "", "crack"],
        sensitivity=np.zeros(5),
        selected=[0],
        support=[],
        support_pictures=[],
    )
    nothing = category(examples=[], scores=np.zeros(0), labels=[], defects=[])
    words = Reader(report_html(report(bare, nothing))).words
    assert "No neuron varied over the support." in words
    assert "No test images." in words


def test_a_report_on_nothing_is_refused(tmp_path):
    with pytest.raises(DataError, match="no category"):
        report_html(report(categories=[]))


def test_a_picture_that_is_missing_is_named_and_nothing_is_written(tmp_path):
    gone = tmp_path / "gone.png"
    with pytest.raises(DataError, match=r"gone\.png"):
        write_report(
            tmp_path / "report.html", report(category(examples=[example(1, 0, picture=gone)]))
        )
    assert list(tmp_path.iterdir()) == []


def test_the_page_is_written_in_one_step(tmp_path):
    path = write_report(tmp_path / "report.html", report())
    assert path.read_text("utf-8") == report_html(report())
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunError):
        write_report(blocked / "report.html", report())


def test_a_product_named_mean_does_not_hide_the_mean():
    other = {**CONTROLS, "top": {"image_auroc": 0.3141}}
    words = Reader(report_html(report(category("mean", controls=other), category()))).words
    assert "most sensitive K: 31.4" in words
    assert "most sensitive K: 90.3" in words


def test_long_lists_of_prompts_are_folded_away():
    prompts = {"normal": ["a photo of a tile"] * 50, "anomalous": ["a broken tile"] * 50}
    page = report_html(report(settings={**report().settings, "prompts": prompts}))
    before, after = page.split("<summary>Prompts</summary>")
    assert "a photo of a tile" not in before
    folded, as_json = after.split("<summary>All of this as JSON</summary>")
    assert folded.count("a broken tile") == as_json.count("a broken tile") == 50


def test_many_products_show_fewer_and_smaller_cases():
    shown = [example(seed, 1, picture=picture(seed, 512)) for seed in range(6)]
    cases = [Cases("misses", "The lowest first.", 9, shown)]
    few = report_html(report(category("a", cases=cases)))
    many = report_html(report(*[category(f"p{i}", cases=cases) for i in range(7)]))
    assert few.count("6 of 9.") == 1
    assert many.count("3 of 9.") == 7
    assert len(many.encode()) < 7 * len(few.encode()) / 2


def test_every_case_says_the_rule_and_how_many_there_were():
    words = Reader(report_html(report(category("tile")))).words
    assert "Worst false alarms All of them, highest first. There is one." in words
    assert "Caught, but badly placed Those beside it. 1 of 9." in words
    none = category(cases=[Cases("misses", "Those below.", 0)])
    assert "Worst misses Those below. There is none." in Reader(report_html(report(none))).words


@pytest.mark.parametrize(
    ("low", "high", "value", "said"),
    [
        (0.6, 0.8, 0.7, "sign +"),
        (0.2, 0.4, 0.3, "sign −"),
        (0.4, 0.6, 0.52, "cannot be told from chance"),
    ],
)
def test_the_text_branch_is_reported_with_its_sign(low, high, value, said):
    text = Measure("image AUROC", value, "exact", low=low, high=high)
    assert said in report_html(report(category(text=text)))


def test_intervals_and_the_certified_bound_are_on_the_page():
    words = Reader(report_html(report())).words
    assert "91.2 86.2 to 95.2" in words
    assert "certified error is at most 0.002 points" in words


def test_the_protocol_can_be_read_back_as_json():
    page = report_html(report())
    (whole,) = re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    content = json.loads(html.unescape(whole))
    assert content["command"] == report().command
    assert content["support"]["pictures"]["tile"] == ["train/good/000.png", "train/good/003.png"]
    assert content["settings"]["k"] == 10
