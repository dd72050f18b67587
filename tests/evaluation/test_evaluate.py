"""An evaluation scores the test images only, and keeps a row for each."""

import json
from dataclasses import replace

import pytest
from sklearn.metrics import roc_auc_score

from workbench.errors import DataError
from workbench.evaluation.category import METRICS
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate


@pytest.fixture(scope="module")
def excavation(dataset, model):
    return excavate(dataset, model, k=8)


def test_every_test_image_has_a_row_and_the_figures_follow_from_them(dataset, excavation) -> None:
    result = evaluate(excavation, dataset.samples)
    assert [row.image for row in result.rows] == [s.name for s in dataset.test("metal_sheet")]
    labels, scores = [r.label for r in result.rows], [r.score for r in result.rows]
    assert result.value("image_auroc") == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert set(result.measures) == set(METRICS)
    assert result.rows[0].score == pytest.approx(
        next(excavation.score(dataset.test("metal_sheet"))).score, rel=1e-4
    )
    assert len(result.rows[0].neurons.split()) == 5
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content["images"] == {"normal": 4, "anomalous": 4}
    assert set(content["undefined"]) == {"pixel_aupimo"}  # too few normal pixels for its low FPR
    assert result.table()[0]["category"] == "metal_sheet"


def test_a_bright_spot_is_found_on_the_map(dataset, excavation) -> None:
    assert evaluate(excavation, dataset.samples).value("pixel_auroc") > 0.6


def test_a_figure_that_cannot_be_had_is_undefined(dataset, excavation) -> None:
    normals_only = [s for s in dataset if s.label == 0]
    result = evaluate(excavation, normals_only)
    assert result.value("image_auroc") is None
    assert "no anomalous" in result.to_dict()["undefined"]["image_auroc"]
    unmasked = [replace(s, mask_paths=()) for s in dataset]
    result = evaluate(excavation, unmasked)
    assert result.value("image_auroc") is not None
    assert "4 anomalous images have no mask" in result.to_dict()["undefined"]["pixel_auroc"]


def test_no_test_images_and_several_categories_are_refused(dataset, excavation) -> None:
    with pytest.raises(DataError, match="metal_sheet has no test images"):
        evaluate(excavation, dataset.train_normals("metal_sheet"))
    with pytest.raises(DataError, match="one category at a time; these are metal_sheet, other"):
        evaluate(excavation, [*dataset, replace(dataset.samples[-1], category="other")])


def test_images_that_were_learned_from_are_refused_as_test_images(dataset, excavation) -> None:
    tests = [replace(s, name=excavation.support[0]) if s.label == 0 else s for s in dataset]
    with pytest.raises(DataError, match="among its support"):
        evaluate(excavation, [replace(sample, split="test") for sample in tests])
