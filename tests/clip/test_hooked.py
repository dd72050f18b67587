"""HookedCLIP's surface: TransformerLens's behaviour, checked names, nothing left behind."""

import pytest
import torch
from torch import nn

from tests.tiny import letters, pixels, tiny_clip, tiny_model
from workbench.clip.hooked import HookedCLIP
from workbench.errors import ModelError, SettingError, SiteError


@pytest.fixture(scope="module")
def model() -> HookedCLIP:
    return tiny_model()


def count_hooks(model: HookedCLIP) -> int:
    """All hooks of any kind, on HookPoints and on open_clip's own modules."""
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in model.modules()
    ) + sum(len(point.fwd_hooks) + len(point.bwd_hooks) for point in model.hook_dict.values())


def test_calling_the_model_is_encode_image(model):
    assert torch.equal(model(pixels()), model.clip.encode_image(pixels()))


def test_the_open_clip_model_is_untouched_by_wrapping_it():
    clip = tiny_clip()
    before = {key: value.clone() for key, value in clip.state_dict().items()}
    attributes = {name: set(vars(module)) for name, module in clip.named_modules()}
    model = HookedCLIP(clip, name="x", tokenizer=letters, mean=(0, 0, 0), std=(1, 1, 1))
    model.run_with_cache(pixels())
    assert model.clip is clip
    assert all(torch.equal(before[key], value) for key, value in clip.state_dict().items())
    assert attributes == {name: set(vars(module)) for name, module in clip.named_modules()}


@pytest.mark.parametrize("where", ["hook", "module"])
def test_no_hook_is_left_after_an_exception_in_the_forward(model, where):
    assert count_hooks(model) == 0

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("on purpose")

    failing = model.visual.transformer.resblocks[1].mlp.register_forward_hook(fail)
    if where == "hook":
        failing.remove()
        sites = [(site, lambda value, hook: None) for site in model.sites]
        sites.append(("blocks.1.hook_mlp_out", fail))
        with pytest.raises(RuntimeError, match="on purpose"):
            model.run_with_hooks(pixels(), fwd_hooks=sites)
    else:
        with pytest.raises(RuntimeError, match="on purpose"):
            model.run_with_cache(pixels())
        failing.remove()
    assert count_hooks(model) == 0
    assert torch.equal(model(pixels()), model.clip.encode_image(pixels()))


def test_hooks_that_stay_do_so_until_they_are_reset(model):
    model.add_hook("blocks.*.hook_attn_out", lambda value, hook: value * 0)
    changed = model(pixels())
    assert not torch.equal(changed, model.clip.encode_image(pixels()))
    assert torch.equal(changed, model(pixels()))
    model.reset_hooks()
    assert count_hooks(model) == 0
    assert torch.equal(model(pixels()), model.clip.encode_image(pixels()))


def test_two_hooks_at_one_site_run_in_order(model):
    order: list[str] = []
    model.run_with_hooks(
        pixels(),
        fwd_hooks=[
            ("blocks.0.hook_resid_post", lambda value, hook: order.append("first")),
            ("blocks.0.hook_resid_post", lambda value, hook: order.append("second")),
        ],
    )
    assert order == ["first", "second"]


def test_a_hook_knows_its_site(model):
    heard = []
    model.run_with_hooks(
        pixels(), fwd_hooks=[(lambda name: "mlp" in name, lambda v, hook: heard.append(hook.name))]
    )
    assert heard == [site for site in model.sites if "mlp" in site]


@pytest.mark.parametrize(
    "names",
    ["blocks.9.hook_resid_post", "blocks.1.hook_resid", "*.nothing", [], lambda name: False],
)
@pytest.mark.parametrize("way", ["run_with_cache", "run_with_hooks", "activations", "add_hook"])
def test_a_name_that_matches_nothing_is_refused(model, names, way):
    calls = {
        "run_with_cache": lambda: model.run_with_cache(pixels(), names_filter=names),
        "run_with_hooks": lambda: model.run_with_hooks(pixels(), fwd_hooks=[(names, print)]),
        "activations": lambda: model.activations(pixels(), names),
        "add_hook": lambda: model.add_hook(names, print),
    }
    with pytest.raises(SiteError, match=r"site|sites"):
        calls[way]()
    assert count_hooks(model) == 0


def test_the_refusal_names_the_nearest_sites(model):
    with pytest.raises(SiteError, match=r"blocks\.1\.hook_resid_pre"):
        model.activations(pixels(), "blocks.1.hook_residpre")


def test_a_site_that_the_forward_does_not_pass_is_refused(model):
    with pytest.raises(SiteError, match="passes none"):
        model.run_with_hooks(pixels(), fwd_hooks=[("hook_image_embed", print)], stop_at_layer=1)
    _, cache = model.run_with_cache(pixels(), stop_at_layer=1)
    assert "blocks.0.hook_resid_post" in cache
    assert "blocks.1.hook_resid_pre" not in cache


@pytest.mark.parametrize("layer", [4, -4])
def test_a_layer_outside_the_tower_is_refused(model, layer):
    with pytest.raises(SettingError, match="blocks 0 to 2"):
        model(pixels(), stop_at_layer=layer)


def test_negative_layers_count_from_the_end(model):
    assert torch.equal(model(pixels(), stop_at_layer=-1), model(pixels(), stop_at_layer=2))


def test_input_of_the_wrong_shape_is_refused_with_the_expected_shape(model):
    with pytest.raises(SettingError, match=r"\[image, 3, 32, 32\]"):
        model(torch.zeros(1, 3, 30, 32))
    with pytest.raises(SettingError, match=r"\[image, 17, 32\]"):
        model(torch.zeros(1, 3, 32), start_at_layer=1)


def test_activations_run_no_further_than_the_last_site(model):
    ran: list[int] = []
    handles = [
        block.register_forward_hook(lambda *_, layer=layer: ran.append(layer))
        for layer, block in enumerate(model.visual.transformer.resblocks)
    ]
    model.activations(pixels(), ["blocks.1.hook_resid_pre", "blocks.0.mlp.hook_post"])
    assert ran == [0]
    for handle in handles:
        handle.remove()


def test_activations_equal_the_cache_bit_for_bit(model):
    _, cache = model.run_with_cache(pixels())
    for site, value in model.activations(pixels(), None).items():
        assert torch.equal(value, cache[site])


def test_patches_drop_cls_and_lay_heads_side_by_side(model):
    _, cache = model.run_with_cache(pixels())
    sites = ["blocks.1.attn.hook_z", "blocks.2.hook_resid_post"]
    found = model.patches(pixels(), sites)
    assert torch.equal(found[sites[0]], cache[sites[0]][:, 1:].reshape(2, 16, 32))
    assert torch.equal(found[sites[1]], cache[sites[1]][:, 1:])
    assert [found[site].shape[-1] for site in sites] == [model.site_width(site) for site in sites]


def test_every_site_either_has_a_width_or_says_that_it_has_no_neurons(model):
    _, cache = model.run_with_cache(pixels())
    without = []
    for site in model.sites:
        try:
            assert model.site_width(site) == cache[site][:, 1:].flatten(2).shape[-1]
        except SiteError:
            without.append(site.rsplit(".", maxsplit=1)[-1])
    assert set(without) == {"hook_attn_scores", "hook_pattern", "hook_image_embed"}


def test_projecting_the_last_residual_stream_is_the_image_embedding_of_each_token(model):
    last = model(pixels(), stop_at_layer=model.n_layers)
    assert torch.allclose(model.project(last)[:, 0], model(pixels()), atol=1e-6)


def test_caching_can_drop_the_batch_axis_and_slice_tokens(model):
    _, cache = model.run_with_cache(pixels(1), remove_batch_dim=True)
    assert cache["resid_post", 0].shape == (17, 32)
    _, cache = model.run_with_cache(pixels(), pos_slice=0)
    assert cache["resid_post", 0].shape == (2, 1, 32)
    assert cache["hook_image_embed"].shape == (2, 16)
    out, plain = model.run_with_cache(pixels(), return_cache_object=False)
    assert type(plain) is dict
    assert torch.equal(plain["hook_image_embed"], out)


def test_backward_hooks_see_gradients(model):
    seen = {}
    x = pixels().requires_grad_()
    with model.hooks(
        bwd_hooks=[("blocks.1.attn.hook_z", lambda grad, hook: seen.update(grad=grad))]
    ):
        model(x).sum().backward()
    assert seen["grad"].shape == (2, 17, 4, 8)
    assert seen["grad"].abs().max() > 0


def test_the_fingerprint_follows_the_weights():
    model, same = tiny_model(), tiny_model()
    assert model.fingerprint == same.fingerprint == model.fingerprint
    with torch.no_grad():
        model.visual.proj[0, 0] += 1
    assert model.fingerprint != same.fingerprint
    assert tiny_model(quick_gelu=True).fingerprint != same.fingerprint


def test_the_fingerprint_does_not_depend_on_what_the_model_is_called():
    one, other = (
        HookedCLIP(tiny_clip(), name=name, tokenizer=letters, mean=(0, 0, 0), std=(1, 1, 1))
        for name in ("one", "other")
    )
    assert one.fingerprint == other.fingerprint


def test_input_of_another_number_format_or_device_is_refused_with_the_remedy(model):
    with pytest.raises(SettingError, match=r"float64 on cpu.*workbench\.prepare"):
        model(pixels().double())
    with pytest.raises(SettingError, match=r"on meta.*model\.device"):
        model(pixels().to("meta"))
    with torch.autocast("cpu", torch.bfloat16):
        model(pixels().bfloat16())


@pytest.mark.parametrize(
    ("vision", "reason"),
    [
        ({"layers": [1, 1, 1, 1], "width": 8}, "ModifiedResNet"),
        ({"attentional_pool": True, "attn_pooler_heads": 2}, "pools its tokens by attention"),
        ({"qk_norm": True}, "CustomResidualAttentionBlock"),
    ],
)
def test_towers_that_are_not_a_plain_vit_are_refused_by_name(vision, reason):
    with pytest.raises(ModelError, match=f"tiny cannot be hooked.*{reason}"):
        tiny_model(**vision)


@pytest.mark.parametrize("vision", [{"pool_type": "avg"}, {"no_ln_pre": True}, {"patch_size": 4}])
@pytest.mark.filterwarnings("error")
def test_plain_variants_keep_parity(vision):
    model = tiny_model(**vision)
    out, cache = model.run_with_cache(pixels())
    assert torch.equal(out, model.clip.encode_image(pixels()))
    assert torch.allclose(cache.decompose_resid().sum(0), cache["resid_post", -1], atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_runs_and_reads(dtype):
    model = tiny_model().to(dtype)
    x = pixels().to(dtype)
    out, cache = model.run_with_cache(x)
    assert out.dtype == dtype
    assert torch.equal(out, model.clip.encode_image(x))
    assert all(value.isfinite().all() for value in cache.values())


def test_a_model_wrapped_in_another_module_keeps_one_copy_of_the_weights(model):
    keys = list(nn.Sequential(model).state_dict())
    assert len(keys) == len(model.clip.state_dict())


def test_encoding_no_text_is_refused(model):
    with pytest.raises(SettingError, match="at least one"):
        model.encode_text([])
    assert model.encode_text(["a", "b"]).shape == (2, model.d_embed)
