from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.baselines import plain
from workbench.baselines.nearest import all_channels, bottom_k, pca_k, projection_k, random_k
from workbench.baselines.registry import methods
from workbench.excavation.settings import Settings

SITE = "blocks.1.hook_resid_post"
SETTINGS = Settings(k=8)


@pytest.fixture(scope="module")
def rows(backbone, normals, tests):
    """The normal patches of three images, and the test images' patches, in NumPy."""
    (knn,) = methods("patch_knn", SETTINGS)
    needs = knn.needs(backbone.model)
    return [
        backbone.views(pictures, needs).patches[SITE].double().numpy()
        for pictures in (normals[:3], tests)
    ]


def image_scores(rows, reduce=lambda values: values):
    normal, other = (reduce(values) for values in rows)
    gallery = normal.reshape(-1, normal.shape[-1])
    return np.array([plain.cosine_distances(image, gallery).max() for image in other])


@pytest.mark.parametrize("name", ["patch_knn", "all_channels"])
def test_all_channels_are_the_distance_to_the_nearest_normal_patch(name, rows, judged) -> None:
    fitted, scored = judged(methods(name, SETTINGS)[0])
    np.testing.assert_allclose(scored.image, image_scores(rows), rtol=1e-4)
    assert fitted.gallery_bytes == 3 * 16 * 32 * 4
    normal, _ = rows
    held_out = [
        image_scores((np.delete(normal, index, 0), normal[index : index + 1]))[0]
        for index in range(3)
    ]
    np.testing.assert_allclose(fitted.held_out, held_out, rtol=1e-4)


def test_layer_norm_first_is_layer_norm_by_hand(rows, judged) -> None:
    _, scored = judged(methods("patch_knn_ln", SETTINGS)[0])
    np.testing.assert_allclose(scored.image, image_scores(rows, plain.layer_norm), rtol=1e-4)


def test_bottom_k_are_the_channels_that_vary_least(rows, judged) -> None:
    fitted, scored = judged(methods("bottom_k", SETTINGS)[0])
    variance = rows[0].reshape(-1, 32).var(0)
    least = np.argsort(variance)[:8]
    np.testing.assert_allclose(
        scored.image, image_scores(rows, lambda values: values[..., least]), rtol=1e-4
    )
    assert fitted.gallery_bytes == 3 * 16 * 8 * 4


def test_pca_takes_the_principal_directions_about_the_mean(rows, judged) -> None:
    fitted, scored = judged(methods("pca_k", SETTINGS)[0])
    assert fitted.gallery_bytes == 4 * (3 * 16 * 8 + 32 + 32 * 8)  # rows, mean and directions
    normal = rows[0].reshape(-1, 32)
    mean = normal.mean(0)
    values, vectors = np.linalg.eigh(np.cov(normal.T))
    directions = vectors[:, np.argsort(-values)[:8]]
    np.testing.assert_allclose(
        scored.image, image_scores(rows, lambda v: (v - mean) @ directions), rtol=1e-3
    )


@given(st.integers(1, 12), st.integers(1, 10), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_every_reduction_gives_k_dimensions_or_says_why_not(patches, k, seed) -> None:
    values = torch.from_numpy(np.random.default_rng(seed).normal(size=(patches, 12))).float()
    for reduce in (bottom_k, random_k, projection_k):
        assert reduce(values, k, 0, 0)(values).shape == (patches, k)
    # n patches span n - 1 directions about their mean; a single one spans none, and gets one.
    assert pca_k(values, k, 0, 0)(values).shape == (patches, max(1, min(k, patches - 1)))
    assert all_channels(values, k, 0, 0)(values) is values


@pytest.mark.parametrize("name", ["random_k", "projection_k"])
def test_random_draws_differ_and_come_again(name, judged) -> None:
    (method,) = methods(name, SETTINGS)
    scores = {
        (seed, draw): judged(method, seed=seed, draw=draw)[1].image
        for seed in (0, 1)
        for draw in (0, 1)
    }
    assert len({tuple(values) for values in scores.values()}) == 4
    for (seed, draw), values in scores.items():
        assert (judged(method, seed=seed, draw=draw)[1].image == values).all()


def test_random_k_are_channels_as_they_are() -> None:
    values = torch.randn(5, 12)
    found = random_k(values, 4, 0, 3)(values)
    columns = [int((values[0] == value).nonzero()) for value in found[0]]
    assert len(set(columns)) == 4
    assert torch.equal(values[:, columns], found)


def test_a_projection_keeps_lengths_on_the_average() -> None:
    values = torch.randn(200, 64)
    lengths = [
        float((projection_k(values, 16, 0, draw)(values).norm(dim=1) / values.norm(dim=1)).mean())
        for draw in range(30)
    ]
    assert np.mean(lengths) == pytest.approx(1, abs=0.03)


def test_the_settings_distance_is_taken(rows, judged) -> None:
    (method,) = methods("patch_knn", replace(SETTINGS, metric="squared_euclidean"))
    _, scored = judged(method)
    gallery = rows[0].reshape(-1, 32)
    expected = [((image[:, None] - gallery[None]) ** 2).mean(2).min(1).max() for image in rows[1]]
    np.testing.assert_allclose(scored.image, expected, rtol=1e-4)
