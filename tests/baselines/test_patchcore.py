import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.baselines import plain
from tests.tiny import tiny_model
from workbench.baselines import patchcore
from workbench.baselines.patchcore import greedy_coreset, middle_sites, pooled, projected
from workbench.baselines.registry import methods
from workbench.baselines.views import Views
from workbench.excavation.settings import Settings


@pytest.fixture(scope="module")
def features(backbone, normals, tests):
    (method,) = methods("patchcore_recipe", Settings(k=8))
    sites = middle_sites(backbone.model)
    found = []
    for given_ in (normals[:3], tests):
        views = backbone.views(given_, method.needs(backbone.model))
        found.append(
            np.stack(
                [
                    np.concatenate(
                        [plain.pool3(views.patches[site][image].numpy(), (4, 4)) for site in sites],
                        axis=1,
                    )
                    for image in range(len(given_))
                ]
            )
        )
    return found


def test_the_two_layers_lie_at_a_half_and_three_quarters_of_the_depth(model) -> None:
    assert middle_sites(model) == ("blocks.1.hook_resid_post", "blocks.2.hook_resid_post")
    deep = tiny_model(layers=12)
    assert middle_sites(deep) == ("blocks.5.hook_resid_post", "blocks.8.hook_resid_post")


def test_patches_are_pooled_over_the_neighbours_that_exist(features, backbone, normals) -> None:
    sites = middle_sites(backbone.model)
    (method,) = methods("patchcore_recipe", Settings(k=8))
    views = backbone.views(normals[:3], method.needs(backbone.model))
    np.testing.assert_allclose(pooled(views, sites, (4, 4)), features[0], rtol=1e-4, atol=1e-5)
    ones = Views({"a": torch.ones(1, 16, 2)})
    assert bool((pooled(ones, ("a",), (4, 4)) == 1).all())


def test_scores_follow_the_paper(features, judged, monkeypatch) -> None:
    monkeypatch.setattr(patchcore, "LEAST", 20)  # of 48 patches
    fitted, scored = judged(methods("patchcore_recipe", Settings(k=8))[0])
    normal = features[0].reshape(48, 64)
    core = normal[plain.farthest_first(normal, 20)]
    for image, score, anomaly in zip(features[1], scored.image, scored.maps, strict=True):
        distances = np.linalg.norm(image[:, None] - core[None], axis=2).min(1)
        np.testing.assert_allclose(anomaly.ravel(), distances, rtol=1e-4)
        assert score == pytest.approx(plain.patchcore_image_score(image, core), rel=1e-3)
    assert fitted.gallery_bytes == 20 * 64 * 4


def test_held_out_images_are_judged_by_a_coreset_of_the_others(features, judged) -> None:
    fitted, _ = judged(methods("patchcore_recipe", Settings(k=8))[0])  # keeps all 32
    for index, score in enumerate(fitted.held_out):
        others = np.delete(features[0], index, 0).reshape(32, 64)
        assert score == pytest.approx(
            plain.patchcore_image_score(features[0][index], others), rel=1e-3
        )


@given(st.integers(2, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_the_greedy_coreset_is_that_of_brute_force(number, wanted, seed) -> None:
    rows = np.random.default_rng(seed).normal(size=(number, 5)).astype(np.float32)
    found = greedy_coreset(torch.from_numpy(rows), wanted).tolist()
    if wanted >= number:
        assert found == list(range(number))
        return
    expected = plain.farthest_first(rows, wanted)
    assert len(set(found)) == wanted
    if number > 2:  # of two the mean lies between them
        assert found == expected


def test_the_coreset_covers_better_than_chance() -> None:
    rows = torch.randn(400, 6, generator=torch.Generator().manual_seed(0))

    def radius(chosen):
        return float(torch.cdist(rows, rows[chosen]).amin(1).max())

    random = [radius(torch.randperm(400)[:40]) for _ in range(20)]
    assert radius(greedy_coreset(rows, 40)) < min(random)


def test_equal_rows_are_not_a_problem() -> None:
    assert len(greedy_coreset(torch.ones(10, 3), 4)) == 4


def test_wide_rows_are_looked_at_in_128_directions() -> None:
    narrow, wide = torch.randn(4, 100), torch.randn(4, 300)
    assert projected(narrow) is narrow
    assert projected(wide).shape == (4, 128)
    assert torch.equal(projected(wide, 1, 2), projected(wide, 1, 2))
    assert not torch.equal(projected(wide, 1), projected(wide, 2))


def test_one_patch_left_weighs_one(backbone, normals, monkeypatch) -> None:
    monkeypatch.setattr(patchcore, "LEAST", 1)
    monkeypatch.setattr(patchcore, "SHARE", 0.0)
    (method,) = methods("patchcore_recipe", Settings(k=8))
    fitted = method.fit(backbone, "sheet", normals[:2])
    ((shown, seen),) = backbone.walk(normals[2:4], method.needs(backbone.model))
    scored = fitted.judge(shown, seen)
    np.testing.assert_allclose(scored.image, scored.maps.max((1, 2)))


def test_a_shallow_tower_has_two_layers_all_the_same() -> None:
    assert middle_sites(tiny_model(layers=1)) == ("blocks.0.hook_resid_post",) * 2
    assert middle_sites(tiny_model(layers=2)) == (
        "blocks.0.hook_resid_post",
        "blocks.1.hook_resid_post",
    )
