"""Two runs side by side: the same images, and figures that are the evaluation's own."""

from dataclasses import replace

import numpy as np
import pytest

from tests.surfaces import make_model
from tests.widgets.explorers import decoded, embedded
from workbench.errors import SettingError, SiteError
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.paired import paired_difference
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.widgets.explorer.comparing import CompareView

SITE = "blocks.1.hook_resid_post"


@pytest.fixture(scope="module")
def first(model, dataset):
    return excavate(dataset, model, Settings(k=8), shots=3)


@pytest.fixture(scope="module")
def second(model, dataset):
    return excavate(dataset, model, Settings(k=12, text_weight=0), shots=1)


@pytest.fixture
def view(first, second, dataset, lines):
    return CompareView(first, second, dataset, names=("three shots", "one shot"))


def read(answer):
    content, buffers = answer
    return content["header"], decoded(content["arrays"], buffers)


def told(lines):
    (answer,) = lines[-1].say(id=1, ask="compare")
    return read(answer)[0]


def test_both_runs_judge_the_same_images_each_by_its_own_scores(view, lines, first, second):
    for side, run in ((0, first), (1, second)):
        (opened,) = lines[-1].say(id=1, ask="open", side=side)
        header, arrays = read(opened)
        scores = [found.score for found in run.score(view.images)]
        assert arrays["scores"] == pytest.approx(np.array(scores), rel=1e-4)
        assert [one["name"] for one in header["images"]] == [one.name for one in view.images]
        (image,) = lines[-1].say(id=2, ask="image", index=5, side=side)
        assert read(image)[1]["fused"].max() == pytest.approx(scores[5], rel=1e-4)


def test_what_the_runs_are_is_told_in_words(view, lines, first):
    said = told(lines)["runs"][0]
    for part in (
        f"{len(first.support)} normal image",
        f"{len(first.neurons)} top neurons of {len(first.sensitivity)} by variance",
        f"at {first.neurons.site}",
        f"text weight {first.settings.text_weight:g}",
        first.model.name,
    ):
        assert part in said


def test_auroc_and_difference_are_the_evaluation_s_own(view, lines, first, second, dataset):
    header = told(lines)
    results = [evaluate(run, dataset) for run in (first, second)]
    for figure, result in zip(header["auroc"], results, strict=True):
        measure = result.measures["image_auroc"]
        assert figure == pytest.approx([measure.value, measure.low, measure.high])
    scores = [[row.score for row in result.rows] for result in results]
    difference = paired_difference([row.label for row in results[0].rows], *scores)
    assert header["difference"] == pytest.approx(
        [difference.value, difference.low, difference.high], abs=1e-9
    )
    assert header["names"] == ["three shots", "one shot"]
    assert header["images"] == 8


def test_neurons_are_compared_at_one_site_of_one_model_only(
    view, lines, first, second, model, dataset
):
    found = told(lines)["neurons"]
    a, b = set(first.neurons.indices), set(second.neurons.indices)
    assert set(found["only_a"]) == a - b
    assert set(found["both"]) == a & b
    assert set(found["only_b"]) == b - a
    assert found["expected"] == pytest.approx(8 * 12 / 32)
    deeper = excavate(dataset, model, Settings(k=8, site="blocks.2.hook_resid_post"), shots=2)
    CompareView(first, deeper, dataset)
    assert told(lines)["neurons"]["missing"] == (
        f"Neurons at {SITE} and at blocks.2.hook_resid_post are not the same neurons."
    )
    stranger = excavate(dataset, make_model(seed=1), Settings(k=8), shots=2)
    CompareView(first, stranger, dataset)
    assert "two models of one name with different weights" in told(lines)["neurons"]["missing"]


def test_python_reads_the_image_that_was_chosen_in_the_first_run_s_views(view, lines, first):
    said = []
    view.on_change(said.append)
    lines[-1].say(id=1, ask="chosen", image=6, threshold=2.0)
    lines[-1].say(id=2, ask="chosen", image=3, threshold=9.0, side=1)
    assert view.selected_image is view.images[6]
    assert view.threshold == 2.0
    assert said == [view]
    view.selected_image = 2
    assert lines[-1].answers()[-1][0] == {"push": "choose", "image": 2}
    assert view.excavations[0] is first


def test_images_that_contaminate_the_second_support_are_not_shown(first, model, dataset, lines):
    spoiled = excavate(dataset, model, Settings(k=8), shots=3, contaminated=1)
    view = CompareView(first, spoiled, dataset)
    assert len(view.images) == 7
    assert not {one.name for one in view.images} & set(spoiled.support)


def test_without_labels_the_scores_are_there_and_the_figures_say_why_not(
    first, second, dataset, lines
):
    CompareView(first, second, [one.path for one in dataset if one.split == "test"])
    header = told(lines)
    assert header["missing"] == "No image has a label."
    assert "auroc" not in header
    CompareView(first, second, [s for s in dataset if s.split == "test" and s.label == 0])
    assert told(lines)["missing"] == "There is no anomalous item among the test items."


def test_runs_of_two_categories_and_names_that_are_alike_are_refused(first, second, dataset):
    with pytest.raises(SettingError, match="are of metal_sheet and other"):
        CompareView(first, replace(second, category="other"), dataset)
    with pytest.raises(SettingError, match="two different names"):
        CompareView(first, second, dataset, names=("A", "A"))


def test_a_saved_page_holds_both_runs_for_the_same_images(view, tmp_path):
    text = view.save_html(tmp_path / "page.html", images=[1, 4]).read_text("utf-8")
    found = embedded(text)
    assert {key for key in found if "image:" in key} == {
        "image:1",
        "image:4",
        "1:image:1",
        "1:image:4",
    }
    assert found["compare"][0]["names"] == ["three shots", "one shot"]
    assert "thumbs" in found["open"][1]
    assert "thumbs" not in found["1:open"][1]
    assert np.allclose(found["1:open"][1]["scores"], view._other.opening.scores)
    assert "<title>metal_sheet: three shots and one shot</title>" in text


def test_an_image_that_there_is_not_is_told_in_either_run(view, lines):
    for side in (0, 1):
        ((content, _),) = lines[-1].say(id=1, ask="image", index=99, side=side)
        assert "image" in content["error"]
    with pytest.raises(SiteError):
        view.selected_neurons = "blocks.9.hook_resid_post:0"
