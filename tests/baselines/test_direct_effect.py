import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workbench.baselines.direct_effect import direct_effects
from workbench.baselines.lake import excavate_seen
from workbench.baselines.registry import methods
from workbench.baselines.winclip import text_of
from workbench.errors import SettingError
from workbench.excavation.settings import Settings

SITE, DEEP = "blocks.1.hook_resid_post", "blocks.3.hook_resid_post"
SETTINGS = Settings(k=8)
(METHOD,) = methods("lake_text_through_neurons", SETTINGS)


@pytest.fixture(scope="module")
def patches(backbone, tests):
    return backbone.views(tests, METHOD.needs(backbone.model)).patches


def true_difference(backbone, stream):
    text = text_of(backbone, "metal_sheet", SETTINGS)
    with torch.no_grad():
        units = F.normalize(backbone.model.project(stream), dim=-1)
    return units @ (text.directions[1] - text.directions[0])


def test_all_channels_the_rest_and_the_bias_sum_to_the_true_similarity(backbone, patches) -> None:
    text = text_of(backbone, "metal_sheet", SETTINGS)
    here, bias = direct_effects(backbone.model, text, patches[SITE], patches[DEEP])
    rest = patches[DEEP] - patches[SITE]
    later, _ = direct_effects(backbone.model, text, rest, patches[DEEP])
    expected = true_difference(backbone, patches[DEEP])
    torch.testing.assert_close(here.sum(2) + later.sum(2) + bias, expected, rtol=1e-4, atol=1e-6)
    assert float(later.abs().max()) > 0.01


@pytest.mark.parametrize("layer_norm", [False, True])
def test_the_score_is_the_selected_neurons_part(
    layer_norm, backbone, normals, patches, judged
) -> None:
    settings = Settings(k=8, layer_norm=layer_norm)
    fitted, scored = judged(methods("lake_text_through_neurons", settings)[0])
    text = text_of(backbone, "metal_sheet", SETTINGS)
    lake = excavate_seen(backbone, "metal_sheet", normals[:3], settings)
    assert fitted.learned.neurons == lake.neurons
    effects, _ = direct_effects(backbone.model, text, patches[SITE], patches[DEEP])
    expected = effects[..., list(lake.neurons.indices)].sum(2)
    np.testing.assert_allclose(scored.maps.reshape(8, 16), expected, rtol=1e-5)
    np.testing.assert_allclose(scored.image, expected.amax(1), rtol=1e-5)


def test_an_effect_is_what_changes_when_a_channel_does_with_scale_and_length_frozen(
    backbone, patches
) -> None:
    """Against the gradient of the frozen similarity, by autograd."""
    model, text = backbone.model, text_of(backbone, "metal_sheet", SETTINGS)
    stream = patches[DEEP][:2].double()
    component = patches[SITE][:2].double().requires_grad_()
    norm, projection = model.visual.ln_post, model.visual.proj.double()
    scale = (stream.var(-1, correction=0, keepdim=True) + norm.eps).sqrt()
    with torch.no_grad():
        length = model.project(stream.float()).norm(dim=-1, keepdim=True).double()
    total = component + (stream - component.detach())
    normed = (total - total.mean(-1, keepdim=True)) / scale * norm.weight.double() + norm.bias
    towards = (text.directions[1] - text.directions[0]).double()
    (normed @ projection / length @ towards).sum().backward()
    effects, _ = direct_effects(model, text, component.detach().float(), stream.float())
    torch.testing.assert_close(
        effects.double(), component.grad * component.detach(), rtol=1e-3, atol=1e-6
    )


def test_swapping_the_directions_changes_the_sign(backbone, patches) -> None:
    from dataclasses import replace

    text = text_of(backbone, "metal_sheet", SETTINGS)
    swapped = replace(text, directions=text.directions.flip(0))
    one, _ = direct_effects(backbone.model, text, patches[SITE], patches[DEEP])
    other, _ = direct_effects(backbone.model, swapped, patches[SITE], patches[DEEP])
    torch.testing.assert_close(one, -other)


def test_a_site_beside_the_residual_stream_is_refused(model) -> None:
    (method,) = methods("lake_text_through_neurons", Settings(k=8, site="blocks.1.mlp.hook_post"))
    with pytest.raises(SettingError, match="no direct path"):
        method.needs(model)
