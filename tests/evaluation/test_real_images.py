"""The whole chain on photographs that nobody drew for it."""

import numpy as np
import pytest

from workbench.evaluation.category import METRICS
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.images.layouts import read_dataset
from workbench.images.samples import Dataset


@pytest.fixture(scope="module")
def photographs(shared_data) -> Dataset:
    return read_dataset(shared_data, decode=False)


def test_the_layout_counts_are_those_of_the_sets_readme(photographs) -> None:
    counts = {
        name: (
            len(photographs.train_normals(name)),
            sum(s.label == 0 for s in photographs.test(name)),
            sum(s.label == 1 for s in photographs.test(name)),
        )
        for name in photographs.categories
    }
    assert counts == {
        "cookie": (31, 14, 32),
        "hazelnut_toy": (28, 6, 17),
        "magnetic_tile": (100, 80, 192),
    }
    assert not photographs.skipped


@pytest.mark.parametrize("category", ["cookie", "hazelnut_toy", "magnetic_tile"])
def test_an_untrained_tower_gives_maps_scores_and_figures(photographs, model, category) -> None:
    samples = photographs[category]
    tests = photographs.test(category)
    few = [*[s for s in tests if s.label == 0][:2], *[s for s in tests if s.label == 1][:3]]
    excavation = excavate(samples, model, shots=2, k=8)
    for sample, detection in zip(few, excavation.score(few), strict=True):
        assert detection.name == sample.name
        assert detection.map().shape == detection.size
        row, column = detection.peak
        assert detection.shares(row, column).sum(dtype=np.float64) == pytest.approx(
            float(detection.visual[row, column]), rel=1e-5
        )
    result = evaluate(excavation, few)
    assert all(result.value(metric) is not None for metric in METRICS)
