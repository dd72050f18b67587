import numpy as np
import pytest
import torch

from tests.baselines import plain
from workbench.baselines.registry import methods
from workbench.baselines.winclip import text_of
from workbench.clip.prompts import PromptEnsemble
from workbench.excavation.settings import Settings

SETTINGS = Settings(k=8, temperature=0.1)
NAMES = ("text_patches", "text_value_path", "text_windows")


@pytest.mark.parametrize("name", NAMES[:2])
def test_swapping_the_prompts_turns_the_scores_round(name, judged) -> None:
    good, bad = ("a good {}",), ("a broken {}",)
    maps = [
        judged(methods(name, Settings(k=8, temperature=0.1, prompts=PromptEnsemble(*pair)))[0])[1]
        for pair in ((good, bad), (bad, good))
    ]
    np.testing.assert_allclose(maps[0].maps, -maps[1].maps, rtol=1e-4, atol=1e-5)
    assert not np.allclose(maps[0].maps, 0)


@pytest.mark.parametrize("name", NAMES)
def test_what_lies_along_the_anomalous_direction_scores_high(name, backbone) -> None:
    """Whatever the way into the joint space: there, the anomalous side is the second row."""
    from workbench.baselines.views import Views

    (method,) = methods(name, SETTINGS)
    fitted = method.fit(backbone, "metal_sheet")
    text = text_of(backbone, "metal_sheet", SETTINGS)
    normal, anomalous = text.directions
    model = backbone.model
    project = model.visual.ln_post, model.visual.proj
    embedded = torch.stack([normal, anomalous])[:, None]
    seen = Views(
        {"blocks.3.hook_resid_post": _stream_of(embedded, *project).expand(2, 16, 32)},
        {"value_path": embedded.expand(2, 16, 16), "windows": embedded.expand(2, 13, 16)},
    )
    scored = fitted.learned.scores(seen)
    assert scored.image[1] > 0 > scored.image[0]


def _stream_of(embedded, norm, projection):
    """A residual stream that the final LayerNorm and projection take to given embeddings."""
    wanted = embedded.double() @ torch.linalg.pinv(projection.double())
    normal = (wanted - norm.bias.double()) / norm.weight.double()
    return normal.float()


def test_raw_patches_go_through_the_final_norm_and_projection(backbone, tests, judged) -> None:
    (method,) = methods("text_patches", SETTINGS)
    _, scored = judged(method)
    text = text_of(backbone, "metal_sheet", SETTINGS)
    patches = backbone.views(tests, method.needs(backbone.model)).patches
    with torch.no_grad():
        embedded = backbone.model.project(patches["blocks.3.hook_resid_post"]).numpy()
    expected = plain.softmax_anomalous(embedded, text.directions, 0.1)
    np.testing.assert_allclose(1 / (1 + np.exp(-scored.maps.reshape(8, 16))), expected, rtol=1e-3)
    np.testing.assert_array_equal(scored.image, scored.maps.max((1, 2)))


def test_the_value_path_is_v_v_attention_without_skip_and_mlp(backbone, tests) -> None:
    (method,) = methods("text_value_path", SETTINGS)
    model = backbone.model
    found = backbone.views(tests, method.needs(model)).value_path.numpy()
    from workbench.images.stream import prepare

    with torch.no_grad():
        pixels = prepare(tests, model)
        x = model.activations(pixels, "blocks.3.ln1.hook_normalized")
        x = x["blocks.3.ln1.hook_normalized"].double().numpy()
    attn = model.visual.transformer.resblocks[3].attn
    weight, bias = (p.detach().double().numpy() for p in (attn.in_proj_weight, attn.in_proj_bias))
    values = x @ weight[64:].T + bias[64:]
    out = np.empty_like(values)
    for image, v in enumerate(values):
        for head in range(4):
            part = v[:, head * 8 : head * 8 + 8]
            powers = np.exp(part @ part.T / np.sqrt(8))
            pattern = powers / powers.sum(1, keepdims=True)
            out[image, :, head * 8 : head * 8 + 8] = pattern @ part
    weight, bias = (p.detach().double().numpy() for p in attn.out_proj.parameters())
    out = torch.from_numpy(out @ weight.T + bias).float()
    with torch.no_grad():
        expected = model.project(out[:, 1:])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_windows_are_the_harmonic_mean_of_both_sizes(backbone, tests, judged) -> None:
    (method,) = methods("text_windows", SETTINGS)
    _, scored = judged(method)
    text = text_of(backbone, "metal_sheet", SETTINGS)
    windows = backbone.views(tests, method.needs(backbone.model)).windows.numpy()
    scores = plain.softmax_anomalous(windows, text.directions, 0.1)
    for anomaly, one in zip(scored.maps, scores, strict=True):
        two, three = plain.harmonic(one[:9], (4, 4), 2), plain.harmonic(one[9:], (4, 4), 3)
        mean = 2 / (1 / two + 1 / three)
        np.testing.assert_allclose(anomaly.ravel(), np.log(mean / (1 - mean)), atol=1e-3)


def test_windows_of_which_the_prompts_are_certain_are_no_ties(backbone, tests) -> None:
    (method,) = methods("text_windows", Settings(k=8, temperature=0.001))
    fitted = method.fit(backbone, "metal_sheet")
    needs = method.needs(backbone.model)
    maps = np.concatenate([fitted.judge(*seen).maps for seen in backbone.walk(tests, needs)])
    assert np.isfinite(maps).all()
    assert len(np.unique(maps)) > 0.9 * maps.size
