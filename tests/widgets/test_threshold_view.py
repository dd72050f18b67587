"""The threshold view: the judging part alone, with the curve of the pixel metric."""

import asyncio
import shutil

import numpy as np
import pytest

from tests.surfaces import draw_category
from tests.widgets.explorers import decoded, embedded
from workbench.errors import DataError
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.layouts import read_dataset
from workbench.widgets.explorer import later, pixels
from workbench.widgets.explorer.threshold import ThresholdView

K = 8


@pytest.fixture(scope="module")
def excavation(model, dataset):
    return excavate(dataset, model, Settings(k=K), shots=3)


@pytest.fixture
def view(excavation, dataset, lines):
    return ThresholdView(excavation, dataset)


def read(answer):
    content, buffers = answer
    return content["header"], decoded(content["arrays"], buffers)


def test_the_judging_part_alone_shares_all_but_what_is_drawn(view, lines):
    assert view.get_state()["view"] == "threshold"
    assert repr(view).startswith("ThresholdView('metal_sheet', ")
    (opened,) = lines[-1].say(id=1, ask="open")
    assert len(read(opened)[1]["scores"]) == len(view.images)
    lines[-1].say(id=2, ask="chosen", threshold=1.25)
    assert view.threshold == 1.25


def test_the_pro_curve_is_the_evaluation_s_own_and_ends_at_its_limit(
    view, lines, excavation, dataset
):
    answers = lines[-1].say(id=4, ask="pro")
    header, arrays = read(answers[-1])
    result = evaluate(excavation, dataset)
    measure, curve = result.measures["pixel_aupro"], result.curves["pixel_pro"]
    assert header["value"] == measure.value
    assert header["definition"] == measure.definition
    assert arrays["x"][-1] == np.float32(0.3)
    inside = curve.x < 0.3
    assert np.array_equal(arrays["x"][:-1], curve.x[inside].astype(np.float32))
    assert np.array_equal(arrays["y"][:-1], curve.y[inside].astype(np.float32))
    area = np.trapezoid(arrays["y"], arrays["x"]) / 0.3
    assert area == pytest.approx(measure.value, abs=2e-3)


def test_the_curve_comes_in_one_parcel_after_word_of_how_far_it_is(view, lines):
    answers = [read(one)[0] for one in lines[-1].say(id=4, ask="pro")]
    assert [(one["done"], one["of"]) for one in answers] == [(0, 8), (4, 8), (8, 8)]
    assert ["value" in one for one in answers] == [False, False, True]
    (again,) = lines[-1].say(id=5, ask="pro")
    assert read(again)[0] == answers[-1]
    assert "more" not in again[0]


def test_two_views_that_ask_are_both_told(view, lines, monkeypatch):
    monkeypatch.setattr(later, "IDLE", 0.01)

    async def session():
        lines[-1].say(id=1, ask="pro")
        lines[-1].say(id=2, ask="pro")
        for _ in range(300):
            await asyncio.sleep(0.01)
            if {c["id"] for c, _ in lines[-1].answers() if "more" not in c} == {1, 2}:
                return True
        return False

    assert asyncio.run(session())


def test_an_interrupt_in_the_middle_leaves_a_curve_that_is_right(view, lines, monkeypatch):
    whole = pixels.Pro(view._pro.truths, view._pro.fused).whole()
    adding = pixels.PixelPass.add
    calls = []

    def interrupted(self, index):
        adding(self, index)
        calls.append(index)
        if len(calls) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(pixels.PixelPass, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lines[-1].say(id=1, ask="pro")
    answers = lines[-1].say(id=2, ask="pro")
    header, arrays = read(answers[-1])
    assert header == whole.header
    assert np.array_equal(arrays["y"], whole.arrays["y"])


def test_without_masks_labels_or_anomalies_one_line_says_why_there_is_no_curve(
    model, excavation, dataset, lines, tmp_path
):
    data = draw_category(tmp_path / "metal_sheet")
    shutil.rmtree(data.root / "ground_truth")
    data = read_dataset(data.root)
    bare = ThresholdView(excavate(data, model, Settings(k=K), shots=3), data)
    (told,) = lines[-1].say(id=1, ask="pro")
    assert read(told)[0]["missing"] == "4 of the 4 anomalous images have no mask."
    assert (
        embedded(bare.save_html(tmp_path / "page.html").read_text("utf-8"))["pro"][0]
        == (read(told)[0])
    )
    good = [one for one in dataset if one.split == "test" and one.label == 0]
    ThresholdView(excavation, good)
    (told,) = lines[-1].say(id=1, ask="pro")
    assert "no region to find" in read(told)[0]["missing"]
    ThresholdView(excavation, [one.path for one in good])
    (told,) = lines[-1].say(id=1, ask="pro")
    assert read(told)[0]["missing"] == "No image has a label."


def test_images_of_one_name_are_told_apart(excavation, dataset, lines):
    tests = [one for one in dataset if one.split == "test"]
    twice = ThresholdView(excavation, [*tests, *tests])
    once = ThresholdView(excavation, tests)
    assert twice._pro.whole().header["value"] == pytest.approx(
        once._pro.whole().header["value"], abs=1e-3
    )


def test_a_saved_page_holds_this_view_with_its_curve(view, tmp_path):
    text = view.save_html(tmp_path / "page.html").read_text("utf-8")
    assert '<div data-neuron-explorer="threshold">' in text
    assert "<title>metal_sheet: threshold</title>" in text
    found = embedded(text)
    assert found["pro"][0]["value"] == view._pro.whole().header["value"]
    assert not [key for key in found if key.startswith("neuron:")]
    assert "selection" not in found["open"][0]


def test_a_mask_of_another_size_is_told_and_another_question_tries_again(view, lines, monkeypatch):
    adding = pixels.PixelPass.add

    def wrong(self, index):
        raise DataError("the mask is of another size.")

    monkeypatch.setattr(pixels.PixelPass, "add", wrong)
    *_, (content, _) = lines[-1].say(id=1, ask="pro")
    assert content["error"] == "the mask is of another size."
    monkeypatch.setattr(pixels.PixelPass, "add", adding)
    answers = lines[-1].say(id=2, ask="pro")
    assert "value" in read(answers[-1])[0]
