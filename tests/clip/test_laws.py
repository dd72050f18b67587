"""The laws of HookedCLIP, over every site, against the tower written out by hand."""

import pytest
import torch
from torch import Tensor

from tests.oracles.plain_vit import plain_forward
from tests.tiny import pixels, tiny_model
from workbench.clip.hooked import HookedCLIP
from workbench.clip.sites import site_names

TOLERANCE = 5e-5
TOWERS = {
    "gelu": {},
    "quickgelu": {"quick_gelu": True},
    "layer scale, odd heads, wide image": {
        "ls_init_value": 0.5,
        "width": 24,
        "head_width": 8,
        "image_size": (24, 40),
        "mlp_ratio": 2.0,
    },
}
SITES = site_names(3)


@pytest.fixture(scope="module", params=TOWERS, ids=list(TOWERS))
def tower(request: pytest.FixtureRequest) -> tuple[HookedCLIP, Tensor]:
    model = tiny_model(**TOWERS[request.param])
    height, width = model.image_size
    x = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))
    return model, x


def reference(model: HookedCLIP, x: Tensor, **kwargs):
    return plain_forward(
        model.visual.state_dict(),
        x,
        heads=model.n_heads,
        activation=model.activation,
        eps=model.cfg.eps,
        **kwargs,
    )


def close(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() <= TOLERANCE * expected.abs().max())


def edit(value: Tensor) -> Tensor:
    """Not linear, not the same for any two channels or tokens, and large enough to be seen."""
    ramp = torch.linspace(0.5, 1.5, value.numel() // len(value)).reshape(value.shape[1:])
    return value * ramp + 0.3 * value.abs().mean()


def test_the_model_has_exactly_the_sites_of_the_reference(tower):
    model, x = tower
    assert model.sites == tuple(reference(model, x)[1])


def test_reading_every_site_at_once_equals_the_reference(tower):
    model, x = tower
    out, cache = model.run_with_cache(x)
    expected_out, expected = reference(model, x)
    assert close(out, expected_out)
    for site in model.sites:
        assert cache[site].shape == expected[site].shape, site
        assert close(cache[site], expected[site]), site


@pytest.mark.parametrize("site", SITES)
def test_reading_one_site_equals_the_reference_and_leaves_the_output_bit_identical(tower, site):
    model, x = tower
    out, cache = model.run_with_cache(x, names_filter=site)
    assert list(cache.keys()) == [site]
    assert close(cache[site], reference(model, x)[1][site])
    assert torch.equal(out, model.clip.encode_image(x))


@pytest.mark.parametrize("way", ["returned", "in place"])
@pytest.mark.parametrize("site", SITES)
def test_an_edit_changes_the_output_and_every_later_site_as_in_the_reference(tower, site, way):
    model, x = tower

    def hook(value: Tensor, hook: object) -> Tensor | None:
        if way == "returned":
            return edit(value)
        value.copy_(edit(value))
        return None

    expected_out, expected = reference(model, x, edits={site: edit})
    with model.hooks([(site, hook)]):
        out, cache = model.run_with_cache(x)
    untouched = model.clip.encode_image(x)
    moved = (untouched - expected_out).abs().max() > 100 * TOLERANCE * untouched.abs().max()
    assert moved, "the edit must matter, or this test shows nothing"
    assert close(out, expected_out)
    for later in model.sites[model.sites.index(site) :]:
        assert close(cache[later], expected[later]), later
    assert torch.equal(model(x), untouched)


@pytest.mark.parametrize("site", SITES)
def test_an_edit_with_no_other_listener_changes_the_output_as_in_the_reference(tower, site):
    model, x = tower
    out = model.run_with_hooks(x, fwd_hooks=[(site, lambda value, hook: edit(value))])
    assert close(out, reference(model, x, edits={site: edit})[0])


@pytest.mark.parametrize("site", SITES)
def test_gradients_at_a_site_equal_those_of_the_reference(tower, site):
    model, x = tower
    x = x.clone().requires_grad_()
    held: dict[str, Tensor] = {}

    def hold(value: Tensor, hook: object) -> Tensor:
        held["model"] = value
        return value

    def hold_reference(value: Tensor) -> Tensor:
        held["reference"] = value
        return value

    out = model.run_with_hooks(x, fwd_hooks=[(site, hold)])
    expected, _ = reference(model, x, edits={site: hold_reference})
    weights = torch.linspace(-1, 1, out.numel()).reshape(out.shape)
    if site == "hook_pos_embed":  # a parameter, not computed from the pixels
        assert not held["model"].requires_grad
        return
    (found,) = torch.autograd.grad((out * weights).sum(), held["model"])
    (wanted,) = torch.autograd.grad((expected * weights).sum(), held["reference"])
    assert close(found, wanted)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("site", ["attn.hook_q", "attn.hook_pattern", "attn.hook_z"])
def test_edits_in_place_inside_attention_are_seen_without_gradients_too(mode, site):
    model, x, site = tiny_model(), pixels(), f"blocks.1.{site}"

    def zero(value: Tensor, hook: object) -> None:
        value.zero_()

    with mode():
        out = model.run_with_hooks(x, fwd_hooks=[(site, zero)])
        read, _ = model.run_with_cache(x, names_filter=site)
        assert torch.equal(read, model.clip.encode_image(x))
    assert close(out, reference(model, x, edits={site: torch.zeros_like})[0])


def test_reading_in_fp64_settles_the_doubt():
    model, x = tiny_model(), pixels().double()
    model.double()
    _, cache = model.run_with_cache(x)
    _, expected = reference(model, x)
    worst = max((cache[s] - expected[s]).abs().max() / expected[s].abs().max() for s in model.sites)
    assert worst < 1e-12


def test_resuming_from_a_residual_stream_gives_the_rest_of_the_forward(tower):
    model, x = tower
    _, cache = model.run_with_cache(x)
    for layer in range(model.n_layers + 1):
        entering = model(x, stop_at_layer=layer)
        assert torch.equal(model(entering, start_at_layer=layer), model(x))
        if layer < model.n_layers:
            assert torch.equal(entering, cache["resid_pre", layer])
