"""The cache's helpers add up to the residual stream they take apart."""

import pytest
import torch

from tests.tiny import pixels, tiny_model
from workbench.errors import SiteError


@pytest.fixture(scope="module", params=[{}, {"ls_init_value": 0.5}], ids=["plain", "layer scale"])
def pair(request: pytest.FixtureRequest):
    model = tiny_model(**request.param)
    return model, model.run_with_cache(pixels())[1]


def worst(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_the_residual_stream_is_the_sum_of_what_wrote_to_it(pair, layer):
    model, cache = pair
    parts, labels = cache.decompose_resid(layer, return_labels=True)
    expected = cache["resid_post", 2] if layer == 3 else cache["resid_pre", layer]
    assert labels[0] == "ln_pre"
    assert len(labels) == len(parts) == 1 + 2 * layer
    assert worst(parts.sum(0), expected) < 1e-6
    if layer < 3:
        middle = cache.decompose_resid(layer, mlp_input=True).sum(0)
        assert worst(middle, cache["resid_mid", layer]) < 1e-6


@pytest.mark.parametrize("expand", [False, True])
def test_heads_neurons_and_biases_sum_to_the_residual_stream(pair, expand):
    model, cache = pair
    parts, labels = cache.get_full_resid_decomposition(expand_neurons=expand, return_labels=True)
    assert len(parts) == len(labels)
    assert {"ln_pre", "bias", "L0H0"} <= set(labels)
    assert worst(parts.sum(0), cache["resid_post", -1]) < 1e-4


def test_head_results_and_remainder_sum_to_the_residual_stream(pair):
    model, cache = pair
    stack, labels = cache.stack_head_results(incl_remainder=True, return_labels=True)
    assert labels[-1] == "remainder"
    assert worst(stack.sum(0), cache["resid_post", -1]) < 1e-5


def test_the_frozen_layer_norm_applied_to_parts_sums_to_the_layer_norm(pair):
    model, cache = pair
    parts = cache.decompose_resid(apply_ln=True).sum(0)
    norm = model.visual.ln_post
    expected = (cache["ln_post.hook_normalized"] - norm.bias) / norm.weight
    assert worst(parts, expected) < 1e-4
    parts = cache.decompose_resid(1, mlp_input=True, apply_ln=True).sum(0)
    norm = model.visual.transformer.resblocks[1].ln_2
    expected = (cache["blocks.1.ln2.hook_normalized"] - norm.bias) / norm.weight
    assert worst(parts, expected) < 1e-4


def test_the_accumulated_residual_holds_every_stage(pair):
    model, cache = pair
    stages, labels = cache.accumulated_resid(incl_mid=True, return_labels=True)
    assert labels == ["0_pre", "0_mid", "1_pre", "1_mid", "2_pre", "2_mid", "final_post"]
    assert torch.equal(stages[-1], cache["resid_post", -1])


def test_an_activation_that_was_not_recorded_is_named(pair):
    model, _ = pair
    _, cache = model.run_with_cache(pixels(), names_filter="hook_embed")
    with pytest.raises(SiteError, match=r"blocks\.0\.hook_attn_out was not recorded"):
        cache["attn_out", 0]
