"""The comparison agrees with evaluating each detector by itself, from one pass."""

import json
from dataclasses import replace

import pytest

from tests.surfaces import make_model
from workbench.errors import DataError, SettingError
from workbench.evaluation.category import METRICS
from workbench.evaluation.compare import CONTROLS, compare
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.samples import Dataset

CHOICES = Settings(k=8)


@pytest.fixture(scope="module")
def two(dataset) -> Dataset:
    """The drawn category under two names."""
    renamed = (replace(sample, category="tin_sheet") for sample in dataset.samples)
    return replace(dataset, samples=(*dataset.samples, *renamed))


@pytest.fixture(scope="module")
def compared(two, model):
    return compare(model, two, CHOICES, shots=3, seed=1, draws=4)


def test_the_figures_are_those_of_an_evaluation(two, model, compared) -> None:
    for category in compared.categories:
        excavation = excavate(two[category.name], model, CHOICES, shots=3, seed=1)
        alone = evaluate(excavation, two[category.name])
        for metric in METRICS:
            assert category.result.value(metric) == pytest.approx(alone.value(metric), abs=1e-9)
        assert category.excavation.support == excavation.support


def test_parts_and_controls_are_those_of_detectors_made_that_way(two, model, compared) -> None:
    category = compared.categories[0]
    samples = two[category.name]
    for name, choices in {
        "bottom": {"selection": "bottom", "text_weight": 0.0},
        "all": {"selection": "all", "text_weight": 0.0},
        "visual_only": {"text_weight": 0.0},
        "text_only": {"text_weight": 1.0},
    }.items():
        alone = evaluate(
            excavate(samples, model, CHOICES, shots=3, seed=1, **choices), samples
        ).value("image_auroc")
        assert category.controls[name][0].value == pytest.approx(alone, abs=1e-9), name
    raw = excavate(samples, model, CHOICES, shots=3, seed=1, fusion="raw")
    assert category.fusion["raw"].value == evaluate(raw, samples).value("image_auroc")
    assert category.fusion["standardised"].value == category.result.value("image_auroc")


def test_the_results_are_plain_data_in_the_agreed_form(compared, model) -> None:
    content = json.loads(json.dumps(compared.to_dict(), allow_nan=False))
    assert content["schema"] == 1
    assert content["model"]["fingerprint"] == model.fingerprint
    assert content["settings"]["k"] == 8
    assert content["settings"]["shots"] == 3
    assert {len(names) for names in content["support"].values()} == {3}
    assert set(content["categories"]) == {"metal_sheet", "tin_sheet"}
    for part in (content["mean"], *content["categories"].values()):
        # A hundred thousand normal pixels are needed for AUPIMO, and there are not so many here.
        assert [metric for metric in METRICS if part[metric] is None] == ["pixel_aupimo"]
        assert all(0 <= part[metric] <= 1 for metric in METRICS if part[metric] is not None)
    for part in (content, *content["categories"].values()):
        assert set(part["controls"]) == set(CONTROLS)
        assert set(part["fusion"]) == {"standardised", "raw"}
        assert part["controls"]["random"]["image_auroc_sd"] >= 0
        assert set(part["controls"]["top"]) == {"image_auroc"}
    mean = content["mean"]["image_auroc"]
    each = [part["image_auroc"] for part in content["categories"].values()]
    assert mean == pytest.approx(sum(each) / 2)
    assert set(content["seconds"]) == {"excavate", "controls", "score", "measure"}
    assert len(compared.table()) == 16


def test_examples_are_chosen_by_name_and_never_by_score(compared) -> None:
    names = [example.sample.name for example in compared.categories[0].examples]
    assert names == [
        "test/good/000.png",
        "test/good/001.png",
        "test/good/002.png",
        "test/spot/000.png",
    ]
    example = compared.categories[0].examples[-1]
    assert example.mask is not None
    assert example.mask.shape == example.detection.map().shape == (36, 44)
    assert example.mask.any()


def test_a_test_image_passes_the_model_once(two, monkeypatch) -> None:
    model = make_model()
    seen = []
    original = model.visit
    monkeypatch.setattr(
        model,
        "visit",
        lambda x, *rest, **more: (seen.append(len(x)), original(x, *rest, **more))[1],
    )
    compare(model, two, CHOICES, shots=3, draws=2)
    assert sum(seen) == 2 * (8 + 3 + 3), "tests once; the support for the detector and controls"


def test_without_text_the_text_control_is_undefined(dataset, model) -> None:
    compared = compare(model, dataset, replace(CHOICES, text_weight=0.0), shots=2, draws=2)
    assert compared.to_dict()["controls"]["text_only"]["image_auroc"] is None


def test_what_cannot_be_compared_is_refused_before_any_work(two, model, monkeypatch) -> None:
    monkeypatch.setattr(model, "patches", lambda *a: pytest.fail("the model ran"))
    untested = replace(
        two, samples=tuple(s for s in two if s.category == "metal_sheet" or s.split == "train")
    )
    with pytest.raises(DataError, match="tin_sheet has no test images"):
        compare(model, untested, CHOICES)
    with pytest.raises(SettingError, match="9 shots asked for"):
        compare(model, two, CHOICES, shots=9)
