import numpy as np
import pytest

from workbench.baselines.backbone import Backbone
from workbench.baselines.few_shot import FewShot
from workbench.baselines.method import Fitted, Method, Needs
from workbench.baselines.registry import DEFAULT, METHODS, WITH_LAYER_NORM, methods
from workbench.errors import DataError, SettingError
from workbench.excavation.settings import Settings

SETTINGS = Settings(k=8)
EVERY = methods("all", SETTINGS)


@pytest.mark.parametrize("shots", [1, 3])
@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_every_method_scores_every_image_and_patch(method, shots, judged, model) -> None:
    fitted, scored = judged(method, shots)
    assert isinstance(method, Method)
    assert isinstance(fitted, Fitted)
    assert scored.image.shape == (8,)
    assert scored.maps.shape == (8, *model.grid)
    assert np.isfinite(scored.image).all()
    assert np.isfinite(scored.maps).all()
    assert np.unique(scored.image).size == 8


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_held_out_scores_are_there_where_there_is_a_support(method, judged) -> None:
    fitted, _ = judged(method, 3)
    one, _ = judged(method, 1)
    if not method.uses_support:
        assert fitted.held_out is None
        assert fitted.gallery_bytes == 0
        return
    assert fitted.held_out.shape == (3,)
    assert one.held_out.shape == (2 if method.name.startswith("anomalydino") else 3,)
    assert np.isfinite(fitted.held_out).all()
    assert fitted.gallery_bytes > 0


@pytest.mark.parametrize("name", ["lake", "patch_knn", "winclip_few_shot", "random_k"])
def test_scores_do_not_depend_on_the_batch_size(name, model, normals, tests) -> None:
    (method,) = methods(name, SETTINGS)
    scores = []
    for size in (1, 3, 16):
        backbone = Backbone(model, batch_size=size)
        fitted = method.fit(backbone, "metal_sheet", normals[:3])
        walked = backbone.walk(tests, method.needs(model))
        scores.append(np.concatenate([fitted.judge(*both).image for both in walked]))
    np.testing.assert_allclose(scores[0], scores[2], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(scores[1], scores[2], rtol=1e-4, atol=1e-6)


def test_a_support_that_is_needed_and_empty_is_refused(backbone) -> None:
    for method in EVERY:
        if method.uses_support:
            with pytest.raises(DataError, match="metal_sheet has no normal images"):
                method.fit(backbone, "metal_sheet", [])
        else:
            method.fit(backbone, "metal_sheet", [])


def test_names_are_those_of_the_methods_and_recipes_end_as_sentences() -> None:
    for name, method in zip(METHODS, EVERY, strict=True):
        assert method.name == name
        assert method.recipe.endswith(".")
        assert method.title
    assert len({method.title for method in EVERY}) == len(EVERY)


def test_random_methods_have_twenty_draws_and_others_one() -> None:
    twenty = {method.name for method in EVERY if method.draws == 20}
    assert twenty == {"random_k", "projection_k", "random_k_ln", "projection_k_ln"}
    assert all(method.draws == 1 for method in EVERY if method.name not in twenty)


def test_every_visual_method_comes_with_layer_norm_first() -> None:
    assert {f"{name}_ln" for name in WITH_LAYER_NORM} == set(METHODS) - set(DEFAULT) - {
        "all_channels"
    }
    assert all(m.settings.layer_norm is m.name.endswith("_ln") for m in EVERY)


def test_names_globs_commas_and_groups_pick_methods_once_each() -> None:
    def names(asked):
        return [method.name for method in methods(asked)]

    assert names("default") == list(DEFAULT)
    assert names("all") == list(METHODS)
    assert names("patch_knn,lake") == ["patch_knn", "lake"]
    assert names(["text_*", "text_windows"]) == ["text_patches", "text_value_path", "text_windows"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingError, match="patchcore_recipe"):
        methods("patchcore")


def test_settings_reach_every_method(model) -> None:
    site = "blocks.0.hook_resid_post"
    for name in ("lake_visual", "patch_knn", "random_k", "pca_k_ln"):
        (method,) = methods(name, Settings(k=8, site=site))
        assert method.needs(model) == Needs(frozenset({site}))


def test_a_few_shot_method_that_does_not_say_what_it_learns_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="learn"):
        FewShot("name", "title", "recipe")
