import numpy as np
import pytest
from PIL import Image

from tests.surfaces import draw_category, make_model, surface
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.images.layouts import read_dataset
from workbench.pages.from_detections import (
    SIDE,
    category_cases,
    shown_example,
    text_branch,
)
from workbench.pages.from_results import evaluation_report
from workbench.pages.report import report_html


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return draw_category(tmp_path_factory.mktemp("data") / "metal_sheet")


@pytest.fixture(scope="module")
def judged(model, dataset):
    excavation = excavate(dataset, model, shots=2, k=8)
    return excavation, evaluate(excavation, dataset)


def test_cases_agree_with_the_rows_they_were_chosen_from(judged, dataset):
    excavation, result = judged
    rows = {row.image: row for row in result.rows}
    cases = category_cases(excavation, result, list(dataset))
    assert [case.kind for case in cases][:2] == ["false alarms", "misses"]
    for case in cases:
        for example in case.examples:
            row = rows[example.name]
            assert example.score == pytest.approx(row.score, rel=1e-5)
            assert example.label == row.label
            assert example.patch == (row.row, row.column)
            assert row.flagged is (case.kind != "misses")


def test_every_wrongly_judged_image_is_counted(judged, dataset):
    excavation, result = judged
    cases = {c.kind: c for c in category_cases(excavation, result, list(dataset), most=1)}
    alarms = [row for row in result.rows if row.flagged and not row.label]
    misses = [row for row in result.rows if not row.flagged and row.label]
    assert cases["false alarms"].found == len(alarms)
    assert cases["misses"].found == len(misses)
    assert all(len(case.examples) <= 1 for case in cases.values())


def test_the_text_branch_is_measured_on_its_own_scores(judged):
    measure = text_branch(judged[1])
    assert measure is not None
    labels = [row.label for row in judged[1].rows]
    texts = [row.text for row in judged[1].rows]
    wins = [
        (a > n) + 0.5 * (a == n)
        for a, la in zip(texts, labels, strict=True)
        if la
        for n, ln in zip(texts, labels, strict=True)
        if not ln
    ]
    assert measure.value == pytest.approx(np.mean(wins))


def test_a_large_picture_is_kept_small(model, judged, tmp_path):
    large = surface(3)[0].resize((900, 700), Image.Resampling.NEAREST)
    large.save(tmp_path / "large.png")
    excavation, result = judged
    (detection,) = excavation.score([tmp_path / "large.png"])
    sample = next(iter(read_dataset_of(result)))
    example = shown_example(sample, detection, np.eye(700, 900, dtype=bool))
    assert max(example.anomaly_map.shape) <= SIDE
    assert example.mask.shape == example.anomaly_map.shape
    assert example.mask.any()


def read_dataset_of(result):
    from pathlib import Path

    return read_dataset(Path(result.rows[0].path).parents[2])


def pruned(root, *folders):
    import shutil

    for folder in folders:
        shutil.rmtree(root / folder)
    return read_dataset(root)


@pytest.mark.parametrize(
    ("name", "gone", "said"),
    [
        ("unmasked", ("ground_truth",), "Worst misses"),
        ("only_normal", ("ground_truth", "test/spot"), "are undefined"),
    ],
)
def test_categories_without_masks_or_anomalies_are_reported_too(model, tmp_path, name, gone, said):
    draw_category(tmp_path / name, normals=3, tests=2)
    dataset = pruned(tmp_path / name, *gone)
    excavation = excavate(dataset, model, shots=2, k=8)
    result = evaluate(excavation, dataset)
    page = report_html(evaluation_report([(excavation, result)], dataset, "workbench evaluate"))
    assert said in page
    assert "Caught, but badly placed" not in page


def test_one_test_image_of_another_size_is_reported_too(model, tmp_path):
    root = tmp_path / "single"
    draw_category(root, normals=3, tests=1)
    next((root / "test/good").iterdir()).unlink()
    image = next((root / "test/spot").iterdir())
    mask = next((root / "ground_truth/spot").iterdir())
    for path in (image, mask):
        Image.open(path).resize((61, 83)).save(path)
    dataset = read_dataset(root)
    excavation = excavate(dataset, model, shots=2, k=8)
    result = evaluate(excavation, dataset)
    page = report_html(evaluation_report([(excavation, result)], dataset, "workbench evaluate"))
    assert "0 normal, 1" in " ".join(page.split())
