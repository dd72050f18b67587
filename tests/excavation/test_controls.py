"""Controls are detectors with other neurons, from the same activations."""

import numpy as np
import pytest

from workbench.excavation.controls import fit_controls
from workbench.excavation.excavate import excavate
from workbench.excavation.features import walk
from workbench.images.stream import pictures

SITE = "blocks.1.hook_resid_post"


@pytest.mark.parametrize("normality", ["gallery", "moments"])
def test_a_control_scores_like_an_excavation_with_its_neurons(dataset, model, normality) -> None:
    normals = dataset.train_normals("metal_sheet")
    tests = dataset.test("metal_sheet")
    choices = {"k": 8, "normality": normality, "text_weight": 0.0, "fusion": "raw"}
    excavation = excavate(normals, model, **choices)
    controls = fit_controls(excavation, normals, draws=3)
    assert {name: len(c.sets) for name, c in controls.items()} == {
        "top": 1,
        "bottom": 1,
        "random": 3,
        "all": 1,
    }
    assert controls["top"].sets == (excavation.neurons,)
    ((_, activations),) = walk(model, pictures(tests), [SITE], batch_size=100)
    for name, control in controls.items():
        alone = excavate(normals, model, selection=name, **choices)
        expected = [d.visual.max() for d in alone.score(tests)]
        found = control.scores(activations[SITE])
        assert found.shape == (len(control.sets), len(tests))
        np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=1e-6)


def test_random_draws_are_distinct_and_repeatable(dataset, model) -> None:
    normals = dataset.train_normals("metal_sheet")
    excavation = excavate(normals, model, k=8)
    first, second = (fit_controls(excavation, normals, draws=5) for _ in range(2))
    assert first["random"].sets == second["random"].sets
    assert len(set(first["random"].sets)) == 5
