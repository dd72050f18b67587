"""An anomaly score as a target is the detector's own score, and its parts add up."""

import numpy as np
import pytest
import torch

from workbench.errors import SettingError
from workbench.excavation.excavate import excavate
from workbench.images.stream import prepare
from workbench.neurons.attribution import (
    AnomalyScore,
    gallery_shares,
    integrated_gradients,
    normal_baseline,
)


@pytest.fixture(scope="module")
def excavation(dataset, model):
    return excavate(dataset, model, k=8)


@pytest.fixture(scope="module")
def sample(dataset):
    return dataset.samples[-1]


@pytest.fixture(scope="module")
def images(sample, model):
    return prepare(sample, model)


@pytest.fixture(scope="module")
def baseline(dataset, model, excavation):
    normals = prepare(dataset.train_normals("metal_sheet"), model)
    return normal_baseline(model, normals, excavation.neurons.site)


@pytest.mark.parametrize("choices", [{}, {"neighbours": 3}, {"text_weight": 0.0}])
@pytest.mark.parametrize("branch", ["fused", "visual", "text"])
def test_a_target_is_the_score_that_the_detector_gives(
    dataset, model, sample, images, branch, choices
) -> None:
    excavation = excavate(dataset, model, k=8, **choices)
    if branch == "text" and excavation.text is None:
        with pytest.raises(SettingError, match="text_weight is 0"):
            AnomalyScore(excavation, branch=branch)
        return
    (detection,) = excavation.score(sample)
    scores = detection.branch(branch)
    for patch, expected in ((None, scores.max()), ((2, 3), scores[2, 3])):
        target = AnomalyScore(excavation, patch, branch)
        found = target(model.activations(images, target.sites))
        assert float(found) == pytest.approx(float(expected), rel=1e-4)


def test_the_shares_name_the_planted_carrier_of_an_anomaly_and_nobody_on_a_normal_patch(
    dataset, model
) -> None:
    """A selected neuron is moved far at one patch of the picture; nothing else is touched."""
    excavation = excavate(dataset, model, k=8, metric="squared_euclidean")
    site, planted, patch = excavation.neurons.site, excavation.neurons[3], (2, 1)
    known = {one.name: one for one in dataset.samples}
    normal = known[excavation.support[0]]
    token = 1 + patch[0] * model.grid[1] + patch[1]

    def move(value, hook):
        moved = value.clone()
        moved[:, token, planted] += 100 * value[:, 1:].std()
        return moved

    (plain,) = excavation.score(normal)
    with model.hooks(fwd_hooks=[(site, move)]):
        (found,) = excavation.score(normal)
    shares = gallery_shares(found, *patch).values[0, 0]
    assert int(shares.argmax()) == 3
    assert float(shares[3]) > 0.5 * float(shares.sum())
    beside = gallery_shares(found, 0, 0).values
    assert float(beside.sum()) < 1e-3 * float(shares.sum())
    assert float(gallery_shares(plain, *patch).values.sum()) < 1e-3 * float(shares.sum())


def test_gallery_shares_are_exact_at_every_patch(excavation, sample) -> None:
    (detection,) = excavation.score(sample)
    for row, column in np.ndindex(detection.visual.shape):
        found = gallery_shares(detection, row, column)
        assert found.relative_error <= 1e-5
        assert found.tokens == (1 + row * 4 + column,)
    peak = gallery_shares(detection)
    assert peak.strongest(most=3) == detection.strongest(most=3)


@pytest.mark.parametrize("branch", ["fused", "visual", "text"])
def test_integrated_gradients_of_a_smooth_score_add_up(
    dataset, model, images, baseline, branch
) -> None:
    moments = excavate(dataset, model, k=8, normality="moments")
    target, site = AnomalyScore(moments, (1, 1), branch), moments.neurons.site
    found = integrated_gradients(model, images, site, target, baseline=baseline)
    assert found.relative_error <= 1e-3


def test_kinks_of_the_nearest_gallery_patch_cost_accuracy_that_more_steps_regain(
    model, excavation, images, baseline
) -> None:
    target, site = AnomalyScore(excavation, (0, 0), "visual"), excavation.neurons.site
    few, many = (
        integrated_gradients(model, images, site, target, baseline=baseline, steps=steps, chunk=256)
        for steps in (32, 2048)
    )
    assert many.relative_error < 1e-2 < 0.1 < few.relative_error
    score = target(model.activations(images, site))
    normal = target({site: baseline[None]})
    assert float(many.effect) == pytest.approx(float(score - normal), rel=1e-3)


def test_the_visual_score_is_driven_by_the_selected_neurons_of_the_patch_alone(
    model, excavation, images, baseline
) -> None:
    target = AnomalyScore(excavation, (1, 1), "visual")
    site = excavation.neurons.site
    found = integrated_gradients(model, images, site, target, baseline=baseline)
    chosen = torch.zeros(17, 32, dtype=torch.bool)
    chosen[6, list(excavation.neurons.indices)] = True
    assert found.values[0][chosen].any()
    assert not found.values[0][~chosen].any()


def test_a_score_is_refused_at_a_site_past_its_gallery(model, excavation, images) -> None:
    with pytest.raises(SettingError, match="one branch alone"):
        integrated_gradients(model, images, "blocks.2.mlp.hook_post", AnomalyScore(excavation))
    text = AnomalyScore(excavation, branch="text")
    found = integrated_gradients(model, images, "blocks.2.mlp.hook_post", text, steps=64)
    assert found.values.any()


def test_an_unknown_branch_or_patch_is_refused(excavation) -> None:
    with pytest.raises(SettingError, match="no branch 'both'"):
        AnomalyScore(excavation, branch="both")
    with pytest.raises(SettingError, match="no patch at row 9"):
        AnomalyScore(excavation, (9, 0))
