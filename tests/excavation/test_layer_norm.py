import numpy as np
import pytest
import torch

from workbench.excavation.detector import Excavation
from workbench.excavation.excavate import excavate
from workbench.excavation.layer_norm import normed
from workbench.excavation.settings import Settings

SITE = "blocks.1.hook_resid_post"


def test_every_patch_has_mean_zero_and_variance_one() -> None:
    patches = torch.randn(3, 5, 32) * 7 + 3
    found = normed(patches).double()
    torch.testing.assert_close(found.mean(-1), torch.zeros(3, 5).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(
        found.var(-1, correction=0), torch.ones(3, 5).double(), rtol=0, atol=1e-5
    )
    assert normed(patches, False) is patches


@pytest.mark.parametrize("choices", [{}, {"normality": "moments"}, {"metric": "squared_euclidean"}])
def test_shares_still_sum_to_the_score(dataset, model, choices) -> None:
    excavation = excavate(dataset, model, k=8, layer_norm=True, **choices)
    (detection,) = excavation.score(dataset.test("metal_sheet")[0])
    for row in range(4):
        for column in range(4):
            assert detection.shares(row, column).sum() == pytest.approx(
                detection.visual[row, column], rel=1e-5
            )


def test_neurons_and_gallery_are_of_the_normalised_channels(dataset, model) -> None:
    excavation = excavate(dataset, model, k=8, layer_norm=True)
    from workbench.images.stream import prepare

    normals = [sample.path for sample in dataset.train_normals("metal_sheet")]
    with torch.no_grad():
        patches = model.patches(prepare(normals, model), [SITE])[SITE].double().numpy()
    patches = (patches - patches.mean(-1, keepdims=True)) / np.sqrt(
        patches.var(-1, keepdims=True) + 1e-5
    )
    variance = patches.reshape(-1, 32).var(0)
    np.testing.assert_allclose(excavation.sensitivity, variance, rtol=1e-4)
    assert excavation.neurons.indices == tuple(np.argsort(-variance)[:8].tolist())
    rows = patches.reshape(-1, 32)[:, list(excavation.neurons.indices)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(excavation.normality.rows, rows, rtol=1e-3, atol=1e-5)


def test_loudness_of_the_stream_makes_no_difference(dataset, model) -> None:
    excavation = excavate(dataset, model, k=8, layer_norm=True)
    patches = torch.randn(1, 16, 32)
    torch.testing.assert_close(
        excavation.selected(patches), excavation.selected(patches * 50 + 3), rtol=1e-3, atol=1e-3
    )


def test_the_choice_is_stored_with_the_run(dataset, model, tmp_path) -> None:
    excavation = excavate(dataset, model, k=8, layer_norm=True)
    excavation.save(tmp_path / "run")
    again = Excavation.load(tmp_path / "run", model)
    assert again.settings.layer_norm
    test = dataset.test("metal_sheet")[0]
    (one,), (other,) = excavation.score(test), again.score(test)
    assert one.score == other.score


def test_settings_of_before_are_without_it() -> None:
    content = Settings().to_dict()
    del content["layer_norm"]
    assert Settings.from_dict(content).layer_norm is False
