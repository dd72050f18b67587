"""Every layout goes all the way: read, excavated from its own support, evaluated on its test."""

import shutil
from pathlib import Path

import pytest

from tests.images import layout_builders as build
from workbench.errors import DataError
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.images.layouts import read_dataset


def judged(dataset, model, **choices):
    category = dataset.categories[0]
    samples = dataset[category]
    excavation = excavate(samples, model, shots=2, k=8, **choices)
    return excavation, evaluate(excavation, samples)


@pytest.mark.parametrize(
    ("make", "normal", "anomalous"),
    [
        ("mvtec", 2, 4),
        ("mvtec_ad_2", 3, 3),
        ("mvtec_loco", 1, 4),
        ("visa", 2, 2),
        ("visa_1cls", 2, 2),
        ("btad", 2, 2),
        ("brain", 3, 3),
        ("mtd", 2, 5),
        ("plain", 2, 1),
        ("meta_json", 1, 1),
    ],
)
def test_a_layout_is_evaluated_on_its_labelled_test_images(
    model, tmp_path, make, normal, anomalous
) -> None:
    dataset = read_dataset(getattr(build, make)(tmp_path / "set"))
    _, result = judged(dataset, model)
    assert [row.label for row in result.rows].count(0) == normal
    assert [row.label for row in result.rows].count(1) == anomalous
    assert result.value("image_auroc") is not None
    assert result.value("pixel_auroc") is not None


def test_private_images_are_scored_and_not_evaluated(model, tmp_path: Path) -> None:
    dataset = read_dataset(build.mvtec_ad_2(tmp_path / "can"))
    excavation, result = judged(dataset, model)
    private = [sample for sample in dataset if sample.label is None]
    assert len(list(excavation.score(private))) == 4
    assert not {row.image for row in result.rows} & {sample.name for sample in private}
    shutil.rmtree(tmp_path / "can/test_public")
    with pytest.raises(DataError, match="can be scored"):
        judged(read_dataset(tmp_path / "can"), model)


def test_what_contaminated_the_support_is_not_evaluated(model, tmp_path: Path) -> None:
    dataset = read_dataset(build.mvtec(tmp_path / "bolt"))
    excavation, result = judged(dataset, model, contaminated=1)
    assert len(result.rows) == 5
    assert excavation.support[-1] not in {row.image for row in result.rows}


def test_sets_without_masks_or_anomalies_or_with_one_test_image_are_evaluated(model, tmp_path):
    root = build.mvtec(tmp_path / "bolt")
    shutil.rmtree(root / "ground_truth")
    _, result = judged(read_dataset(root), model)
    assert result.value("image_auroc") is not None
    assert result.value("pixel_auroc") is None
    for defect in ("bent", "scratch"):
        shutil.rmtree(root / "test" / defect)
    _, result = judged(read_dataset(root), model)
    assert result.value("image_auroc") is None
    (root / "test/good/001.png").unlink()
    _, result = judged(read_dataset(root), model)
    assert len(result.rows) == 1
