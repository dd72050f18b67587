"""Direct effects add up to the similarity, and find the parts that were made to speak."""

import pytest
import torch

from tests.tiny import pixels, tiny_model
from workbench.errors import ModelError, SettingError
from workbench.neurons.attribution import TextSimilarity, direct_effects
from workbench.neurons.attribution.readout import FrozenReadout

QUERIES = [
    {"text": "a cat"},
    {"text": "a cat", "against": "b dog"},
    {"text": "a cat", "against": "zz", "patch": (1, 2)},
]


@pytest.mark.parametrize("query", QUERIES, ids=["text", "difference", "patch"])
@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.5}], ids=["plain", "layer scale"])
def test_all_parts_sum_to_the_similarity_the_model_itself_gives(query, vision) -> None:
    model, images = tiny_model(**vision), pixels(3)
    found = direct_effects(model, images, TextSimilarity.of(model, **query), chunk=2)
    units = torch.nn.functional.normalize(
        model.encode_text([query["text"], query.get("against", "")]), dim=-1
    )
    towards = units[0] - units[1] * ("against" in query)
    if "patch" in query:
        last = model.activations(images, "blocks.2.hook_resid_post")["blocks.2.hook_resid_post"]
        embedded = model.project(last[:, 1:])[:, 1 * 4 + 2]
    else:
        embedded = model(images)
    expected = torch.nn.functional.normalize(embedded, dim=-1) @ towards
    torch.testing.assert_close(found.effect.float(), expected)
    assert found.relative_error <= 1e-5
    assert found.neurons.shape == (3, 3, 128)
    assert found.heads.shape == (3, 3, 4)


def test_components_are_those_of_the_residual_decomposition() -> None:
    model, images = tiny_model(), pixels()
    target = TextSimilarity.of(model, "a cat")
    _, cache = model.run_with_cache(images)
    parts = cache.decompose_resid(pos_slice=0)
    readout = FrozenReadout.of(model, cache["resid_post", -1][:, 0], target.towards)
    expected = torch.cat([(parts * readout.pull).sum(-1), readout.shift[None]]).T
    found = direct_effects(model, images, target).components()
    torch.testing.assert_close(found.float(), expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("layer", [0, 2])
def test_a_planted_neuron_is_found_and_a_silent_one_is_exactly_zero(layer) -> None:
    model, images = tiny_model(), pixels()
    target = TextSimilarity.of(model, "a cat")
    block = model.visual.transformer.resblocks[layer]
    with torch.no_grad():
        block.mlp.c_fc.bias[17] = 6.0  # always on
        block.mlp.c_proj.weight[:, 17] = 3 * model.visual.proj @ target.towards
        block.mlp.c_proj.weight[:, 18] = 0
    found = direct_effects(model, images, target)
    for image in range(len(images)):
        name, effect = found.strongest(image, most=1)[0]
        assert name == f"blocks.{layer}.mlp.hook_post:17"
        assert effect > 0
    assert not found.neurons[:, layer, 18].any()
    assert found.relative_error <= 1e-5


def test_only_the_head_that_writes_has_an_effect() -> None:
    model = tiny_model()
    with torch.no_grad():
        for layer, block in enumerate(model.visual.transformer.resblocks):
            block.attn.out_proj.weight[:, : 8 if layer == 1 else 32] = 0
            if layer == 1:
                block.attn.out_proj.weight[:, 16:] = 0  # leaves channels 8 to 15, head 1
    found = direct_effects(model, pixels(), TextSimilarity.of(model, "a cat"))
    assert found.heads[:, 1, 1].abs().min() > 1e-4
    found.heads[:, 1, 1] = 0
    assert not found.heads.any()


def test_a_text_less_itself_has_no_effects_anywhere() -> None:
    model = tiny_model()
    found = direct_effects(model, pixels(), TextSimilarity.of(model, "a cat", "a cat"))
    assert found.relative_error == 0
    assert not found.neurons.any()
    assert not found.heads.any()


def test_the_result_shows_itself_escaped() -> None:
    model = tiny_model()
    shown = direct_effects(model, pixels(), TextSimilarity.of(model, "<b>"))._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert "image 0 of 2" in shown


def test_an_averaging_tower_is_refused_for_the_image_and_exact_at_a_patch() -> None:
    model = tiny_model(pool_type="avg")
    with pytest.raises(ModelError, match="averages its patches"):
        direct_effects(model, pixels(), TextSimilarity.of(model, "a cat"))
    target = TextSimilarity.of(model, "a cat", patch=(3, 3))
    assert direct_effects(model, pixels(), target).relative_error <= 1e-5


def test_a_patch_outside_the_grid_is_refused() -> None:
    with pytest.raises(SettingError, match="the grid has 4 rows and 4 columns"):
        TextSimilarity.of(tiny_model(), "a cat", patch=(4, 0))
