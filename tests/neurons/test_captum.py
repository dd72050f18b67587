"""The gradient methods agree with Captum's, which hooks the same HookPoints."""

import pytest
import torch
from captum import attr as captum

from tests.tiny import pixels, tiny_model
from workbench.neurons.attribution import (
    TextSimilarity,
    conductance,
    gradient_times_activation,
    integrated_gradients,
    integrated_map,
)

SITES = ["blocks.0.hook_resid_post", "blocks.1.mlp.hook_post", "blocks.1.hook_attn_out"]
START = pixels(3, seed=9).mean(0)


@pytest.fixture(scope="module")
def tiny():
    return tiny_model()


@pytest.fixture(scope="module")
def target(tiny):
    return TextSimilarity.of(tiny, "a cat", "b dog")


@pytest.fixture(scope="module")
def forward(tiny, target):
    return lambda images: target({"hook_image_embed": tiny(images)})


def close(found, expected, rel):
    expected = expected.detach().flatten(2).double()
    assert float((found.values - expected).abs().max()) <= rel * float(expected.abs().max())


@pytest.mark.parametrize("site", SITES)
def test_integrated_gradients_at_a_site(tiny, target, forward, site) -> None:
    theirs = captum.LayerIntegratedGradients(forward, tiny.hook_dict[site])
    expected = theirs.attribute(pixels().requires_grad_(), START[None].expand(2, -1, -1, -1))
    baseline = tiny.activations(START[None], site)[site][0]
    found = integrated_gradients(tiny, pixels(), site, target, baseline=baseline, steps=50)
    close(found, expected, 1e-4)


@pytest.mark.parametrize("site", SITES)
def test_conductance(tiny, target, forward, site) -> None:
    theirs = captum.LayerConductance(forward, tiny.hook_dict[site])
    expected = theirs.attribute(
        pixels(), START[None].expand(2, -1, -1, -1), n_steps=2000, method="riemann_trapezoid"
    )
    close(conductance(tiny, pixels(), site, target, baseline=START), expected, 5e-3)


def test_gradient_times_activation(tiny, target, forward) -> None:
    site = SITES[1]
    theirs = captum.LayerGradientXActivation(forward, tiny.hook_dict[site])
    close(
        gradient_times_activation(tiny, pixels(), site, target),
        theirs.attribute(pixels().requires_grad_()),
        1e-4,
    )


def test_integrated_gradients_of_the_pixels(tiny, target, forward) -> None:
    theirs = captum.IntegratedGradients(forward)
    start = START[None].expand(2, -1, -1, -1)
    expected = theirs.attribute(pixels(), start, n_steps=64).sum(1)
    found = integrated_map(tiny, pixels(), target, baseline=START)
    torch.testing.assert_close(found.values.float(), expected.float(), rtol=1e-3, atol=1e-6)
