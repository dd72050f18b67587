"""Input maps point at the pixels that a neuron was made to see, and at no others."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny import pixels, tiny_model
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.images.stream import prepare
from workbench.neurons.attribution import (
    InputMap,
    NeuronActivation,
    TextSimilarity,
    attention_rollout,
    gradient_map,
    integrated_map,
    occlusion_map,
)

PATCH = (1, 2)


def blinkered():
    """A tower whose attention writes nothing, so that a patch sees only its own pixels."""
    model = tiny_model()
    with torch.no_grad():
        for block in model.visual.transformer.resblocks:
            block.attn.out_proj.weight.zero_()
    return model


@pytest.mark.parametrize("method", [gradient_map, integrated_map, occlusion_map])
def test_a_neuron_without_neighbours_is_driven_by_its_own_patch(method) -> None:
    model = blinkered()
    target = NeuronActivation(model, NeuronSet("blocks.2.mlp.hook_post", (3,)), PATCH)
    found = method(model, pixels(), target).per_patch(model)
    assert found.shape == (2, 4, 4)
    assert found[:, 1, 2].all()
    found[:, 1, 2] = 0
    assert not found.any()


@pytest.mark.parametrize("method", [gradient_map, integrated_map, occlusion_map])
def test_a_text_less_itself_is_driven_by_nothing(method) -> None:
    model = tiny_model()
    found = method(model, pixels(), TextSimilarity.of(model, "a cat", "a cat"))
    assert not found.values.any()


def test_integrated_pixels_sum_to_the_change_of_the_target() -> None:
    model = tiny_model()
    target = NeuronActivation(model, NeuronSet("blocks.1.mlp.hook_post", (3,)), PATCH)
    found = integrated_map(model, pixels(), target)
    here, none = (
        target(model.activations(images, target.sites))
        for images in (pixels(), torch.zeros(1, 3, 32, 32))
    )
    torch.testing.assert_close(found.effect.float(), here - none)
    assert float((found.completeness_error / found.effect.abs()).max()) <= 1e-3
    assert gradient_map(model, pixels(), target).completeness_error is None


def test_occlusion_is_the_fall_when_the_patch_is_painted_over() -> None:
    model = tiny_model()
    target = NeuronActivation(model, NeuronSet("blocks.1.mlp.hook_post", (3,)))
    start = pixels(1, seed=5)[0]
    found = occlusion_map(model, pixels(), target, baseline=start, chunk=3)
    painted = pixels()
    painted[:, :, 8:16, 16:24] = start[:, 8:16, 16:24]
    whole, hidden = (
        target(model.activations(images, target.sites)) for images in (pixels(), painted)
    )
    torch.testing.assert_close(found.values[:, 1, 2].float(), whole - hidden)


@pytest.mark.parametrize(
    ("site", "blocks"),
    [
        ("hook_embed", 0),
        ("blocks.0.hook_resid_pre", 0),
        ("blocks.1.attn.hook_v", 1),
        ("blocks.1.mlp.hook_post", 2),
        ("blocks.2.hook_resid_post", 3),
        ("hook_image_embed", 3),
    ],
)
def test_rollout_of_even_attention_halves_the_skip_path_at_every_block(site, blocks) -> None:
    model = tiny_model()
    with torch.no_grad():
        for block in model.visual.transformer.resblocks:
            block.attn.in_proj_weight[:64] = 0
            block.attn.in_proj_bias[:64] = 0
    found = attention_rollout(model, pixels(3), site, PATCH, chunk=2).values
    expected = torch.full((4, 4), (1 - 0.5**blocks) / 17, dtype=torch.float64)
    expected[PATCH] += 0.5**blocks
    torch.testing.assert_close(found, expected.expand(3, 4, 4), rtol=1e-5, atol=1e-9)


def test_rollout_is_the_product_of_the_patterns_in_the_order_of_the_blocks() -> None:
    model = tiny_model()
    _, cache = model.run_with_cache(pixels())
    first, second = ((cache["pattern", layer].mean(1) + torch.eye(17)) / 2 for layer in range(2))
    expected = (second @ first)[:, 0, 1:].view(2, 4, 4)
    found = attention_rollout(model, pixels(), "blocks.1.hook_resid_post").values
    torch.testing.assert_close(found.float(), expected)


def test_a_baseline_of_another_size_is_refused() -> None:
    model = tiny_model()
    target = TextSimilarity.of(model, "a cat")
    for method in (integrated_map, occlusion_map):
        with pytest.raises(SettingError, match="the baseline is an image of shape"):
            method(model, pixels(), target, baseline=torch.zeros(3, 8, 8))


def shown(found: InputMap) -> list[np.ndarray]:
    """The pictures in the HTML of a map."""
    parts = re.findall(r"base64,([^\"]+)", found._repr_html_())
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(part)))).astype(int) for part in parts
    ]


def test_a_map_is_drawn_over_its_own_picture_and_nothing_where_it_is_zero() -> None:
    model = tiny_model()
    drawn = [Image.fromarray(np.full((32, 32, 3), grey, np.uint8)) for grey in (90, 200)]
    values = torch.zeros(2, 4, 4, dtype=torch.float64)
    values[0, 1, 2], values[1, 3, 0], values[1, 0, 0] = 1.0, -1.0, 0.5
    first, second = shown(InputMap.of("m", "t", values, model, prepare(drawn, model)))
    red, green, blue = np.moveaxis(first, 2, 0)
    inside = np.zeros((32, 32), bool)
    inside[8:16, 16:24] = True
    assert (first[~inside] == 90).all()
    assert (red[inside] > blue[inside] + 100).all()
    low, half = second[24:, :8], second[:8, :8]
    assert (low[..., 2] > low[..., 0] + 100).all()
    # Half the value is half the way from the picture to the full colour of the other image.
    full = first[inside][0] - 0.15 * 90
    np.testing.assert_allclose(half[0, 0], 200 + (full + 0.15 * 200 - 200) / 2, atol=1.5)


def test_maps_of_pixels_are_drawn_too_and_names_are_escaped() -> None:
    model = tiny_model()
    target = NeuronActivation(model, NeuronSet("blocks.1.mlp.hook_post", (3,)), PATCH)
    found = integrated_map(model, pixels(9), target, steps=2)
    assert len(shown(found)) == 8
    assert "first 8 of 9" in found._repr_html_()
    assert "below" in found._repr_html_()
    plain = gradient_map(model, pixels(1), target)
    assert "below" not in plain._repr_html_()  # magnitudes have no other side
    nasty = InputMap.of("m", "<b>&", torch.zeros(1, 4, 4).double(), model, pixels(1))
    assert "&lt;b&gt;&amp;" in nasty._repr_html_()
    assert "<b>&" not in nasty._repr_html_().replace("<b>m", "")
