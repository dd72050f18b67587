"""Gradient methods add up, find planted neurons, and leave silent ones at zero."""

import pytest
import torch

from tests.tiny import pixels, tiny_model
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError, SiteError
from workbench.neurons.attribution import (
    NeuronActivation,
    TextSimilarity,
    conductance,
    gradient_times_activation,
    integrated_gradients,
    normal_baseline,
)
from workbench.neurons.attribution.paths import gauss_legendre, line_integral
from workbench.neurons.attribution.tail import Tail

SITES = [
    "hook_embed",
    "ln_pre.hook_normalized",
    "blocks.0.hook_resid_post",
    "blocks.1.hook_resid_mid",
    "blocks.1.ln1.hook_normalized",
    "blocks.1.attn.hook_q",
    "blocks.1.attn.hook_v",
    "blocks.1.attn.hook_z",
    "blocks.1.attn.hook_result",
    "blocks.1.hook_attn_out",
    "blocks.1.mlp.hook_pre",
    "blocks.1.mlp.hook_post",
    "ln_post.hook_normalized",
    "hook_image_embed",
]
NORMALS = pixels(4, seed=9)
MLP = "blocks.1.mlp.hook_post"


@pytest.fixture(scope="module")
def tiny():
    return tiny_model()


@pytest.fixture(scope="module")
def difference(tiny):
    return TextSimilarity.of(tiny, "a cat", "b dog")


@pytest.mark.parametrize("site", SITES)
def test_integrated_gradients_sum_to_the_change_of_the_target(tiny, difference, site) -> None:
    baseline = normal_baseline(tiny, NORMALS, site)
    found = integrated_gradients(tiny, pixels(), site, difference, baseline=baseline)
    assert found.relative_error <= 1e-3
    assert float(found.effect.abs().min()) > 0


@pytest.mark.parametrize("site", SITES)
def test_conductance_and_what_goes_around_sum_to_the_change(tiny, difference, site) -> None:
    images, start = pixels(), NORMALS.mean(0)
    found = conductance(tiny, images, site, difference, baseline=start)
    whole = difference(tiny.activations(images, difference.sites))
    none = difference(tiny.activations(start[None], difference.sites))
    torch.testing.assert_close(found.effect.float(), whole - none)
    assert found.relative_error <= 1e-3
    branch = site.startswith("blocks.1") and "resid" not in site
    assert (found.around != 0).all() == branch


@pytest.mark.parametrize("method", [gradient_times_activation, integrated_gradients, conductance])
def test_a_planted_neuron_is_found_and_a_silent_one_is_exactly_zero(method) -> None:
    model, images = tiny_model(), pixels()
    target = TextSimilarity.of(model, "a cat")
    block = model.visual.transformer.resblocks[2]
    with torch.no_grad():
        block.mlp.c_fc.weight[17] *= 3  # varies much, and is on
        block.mlp.c_fc.bias[17] += 2
        block.mlp.c_proj.weight[:, 17] = 3 * model.visual.proj @ target.towards
        block.mlp.c_proj.weight[:, 18] = 0
    found = method(model, images, "blocks.2.mlp.hook_post", target)
    for image in range(len(images)):
        assert found.strongest(image, most=1)[0][0] == 17
    assert not found.values[..., 18].any()
    assert not found.values[:, 1:].any()  # only CLS reaches the embedding from the last block


@pytest.mark.parametrize("method", [gradient_times_activation, integrated_gradients])
def test_a_neuron_that_reads_one_channel_is_driven_by_it_alone(method) -> None:
    model = tiny_model()
    with torch.no_grad():
        row = model.visual.transformer.resblocks[1].mlp.c_fc.weight[7]
        row.zero_()
        row[5] = 2.0
    target = NeuronActivation(model, NeuronSet("blocks.1.mlp.hook_pre", (7,)), (2, 1))
    found = method(model, pixels(), "blocks.1.ln2.hook_normalized", target)
    token = 1 + 2 * 4 + 1
    assert found.values[:, token, 5].all()
    assert found.relative_error <= 1e-5  # linear, so both are exact
    found.values[:, token, 5] = 0
    assert not found.values.any()
    site = "blocks.1.hook_resid_mid"
    deeper = method(model, pixels(), site, target, baseline=normal_baseline(model, NORMALS, site))
    assert deeper.strongest(most=1)[0][0] == 5


def test_a_target_that_does_not_depend_on_the_site_gets_nothing(tiny) -> None:
    target = NeuronActivation(tiny, NeuronSet("blocks.1.attn.hook_v", (3,)), (0, 0))
    found = integrated_gradients(tiny, pixels(), "blocks.1.attn.hook_q", target, steps=4)
    assert not found.values.any()
    assert found.relative_error == 0


def test_a_neuron_is_its_own_cause(tiny) -> None:
    target = NeuronActivation(tiny, NeuronSet(MLP, (3,)), (1, 1))
    found = integrated_gradients(tiny, pixels(), MLP, target, steps=2)
    activation = tiny.activations(pixels(), MLP)[MLP][:, 6, 3]
    torch.testing.assert_close(found.values[:, 6, 3].float(), activation)
    assert found.strongest(most=1)[0][0] == 3


@pytest.mark.parametrize(
    "site", ["blocks.0.hook_resid_post", "ln_pre.hook_normalized", "ln_post.hook_normalized"]
)
def test_a_zero_baseline_is_refused_where_only_the_direction_counts(tiny, difference, site) -> None:
    given = {"none": None, "zero": torch.zeros(17, 32)}
    for baseline in given.values():
        for method in (integrated_gradients, gradient_times_activation):
            with pytest.raises(SettingError, match=r"divides by the scale.*normal_baseline"):
                method(tiny, pixels(), site, difference, baseline=baseline)


@pytest.mark.parametrize("value", [0.0, 2.0], ids=["zero", "the same in all channels"])
def test_a_baseline_without_direction_at_some_tokens_is_refused_too(
    tiny, difference, value
) -> None:
    site = "blocks.0.hook_resid_post"
    baseline = normal_baseline(tiny, NORMALS, site)
    baseline[1:] = value  # CLS has its mean
    with pytest.raises(SettingError, match=r"divides by the scale.*normal_baseline"):
        integrated_gradients(tiny, pixels(), site, difference, baseline=baseline)


def test_what_is_refused_would_indeed_not_add_up(tiny) -> None:
    """At the last residual stream the target is the same all the way down to zero."""
    tail = Tail(tiny, "blocks.2.hook_resid_post", TextSimilarity.of(tiny, "a cat"))
    entering = tail.entering(pixels(1))
    here = tail.here(entering)

    def run(values):
        return tail(entering.repeat(len(values), 1, 1), values)

    values, effect = line_integral(run, here, torch.zeros_like(here), gauss_legendre(64), 16)
    assert float((values.sum() - effect).abs() / effect.abs()) > 0.5


def test_the_baseline_is_one_mean_patch_and_the_mean_cls(tiny) -> None:
    site = "blocks.1.hook_resid_post"
    many = pixels(18, seed=3)
    found = normal_baseline(tiny, many, site)
    tokens = tiny.activations(many, site)[site]
    torch.testing.assert_close(found[0], tokens[:, 0].mean(0))
    torch.testing.assert_close(found[1], tokens[:, 1:].mean((0, 1)))
    assert torch.equal(found[1:], found[1:2].expand(16, -1))
    with pytest.raises(SettingError, match="no normal image"):
        normal_baseline(tiny, many[:0], site)
    with pytest.raises(SiteError, match="no neurons per patch"):
        normal_baseline(tiny, many, "blocks.1.attn.hook_pattern")


@pytest.mark.parametrize("method", [gradient_times_activation, integrated_gradients, conductance])
def test_chunks_bound_what_is_in_memory_and_change_nothing(tiny, difference, method) -> None:
    most = 0

    def count(_module, inputs, _output):
        nonlocal most
        most = max(most, len(inputs[0]))

    options = {} if method is gradient_times_activation else {"steps": 6}
    watch = tiny.visual.transformer.resblocks[1].ln_1.register_forward_hook(count)
    try:
        one = method(tiny, pixels(5), MLP, difference, chunk=2, **options)
        assert most == 2
    finally:
        watch.remove()
    other = method(tiny, pixels(5), MLP, difference, chunk=64, **options)
    torch.testing.assert_close(one.values, other.values, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": torch.ones(3, 2)}, r"has shape \[3, 2\]"),
        ({"steps": 0}, "steps is 0"),
        ({"chunk": 0}, "chunk is 0"),
    ],
)
def test_what_cannot_be_done_is_said(tiny, difference, change, message) -> None:
    with pytest.raises(SettingError, match=message):
        integrated_gradients(tiny, pixels(), MLP, difference, **change)


def test_conductance_refuses_an_image_of_another_size(tiny, difference) -> None:
    with pytest.raises(SettingError, match=r"an image of shape \[3, 8, 8\]"):
        conductance(tiny, pixels(), MLP, difference, baseline=torch.zeros(3, 8, 8))


def test_a_site_after_what_the_target_reads_is_refused(tiny) -> None:
    target = NeuronActivation(tiny, NeuronSet("blocks.0.mlp.hook_post", (3,)))
    with pytest.raises(SettingError, match=r"reads blocks\.0\.mlp\.hook_post, which comes before"):
        integrated_gradients(tiny, pixels(), MLP, target)


def test_a_neuron_that_is_not_there_is_refused(tiny) -> None:
    with pytest.raises(SettingError, match="the site has 128"):
        NeuronActivation(tiny, NeuronSet(MLP, (128,)))
    with pytest.raises(SettingError, match="not 2"):
        NeuronActivation(tiny, NeuronSet(MLP, (1, 2)))


def test_no_hook_and_no_gradient_is_left_behind(tiny, difference) -> None:
    before = tiny(pixels())
    integrated_gradients(tiny, pixels(), MLP, difference, steps=2)
    conductance(tiny, pixels(), MLP, difference, steps=2)
    assert torch.equal(tiny(pixels()), before)
    assert not any(point.fwd_hooks or point._forward_hooks for point in tiny.hook_dict.values())
    assert all(weight.grad is None for weight in tiny.clip.parameters())


def test_the_result_shows_itself(tiny, difference) -> None:
    shown = integrated_gradients(tiny, pixels(), MLP, difference, steps=2)._repr_html_()
    assert "completeness error" in shown
    assert f"{MLP}:" in shown
