"""What a model is said to cost is what it costs when it is built and run."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.model import CLIP
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile

from tests.tiny import pixels, tiny_clip, tiny_model
from workbench.clip.cost import cost, readable, width_of
from workbench.clip.hooked import HookedCLIP
from workbench.clip.pace import pace
from workbench.clip.registry import available_models, configs
from workbench.clip.sites import kind_of
from workbench.errors import ModelError, SettingError, SiteError


def clip_of(name: str, layers: int, **vision: int) -> CLIP:
    """open_clip's architecture with fewer blocks, and next to no text tower."""
    config = configs()[name]
    text = {"context_length": 8, "vocab_size": 64, "width": 64, "heads": 1, "layers": 1}
    tower = {**config["vision_cfg"], "layers": layers, **vision}
    quick = bool(config.get("quick_gelu"))
    return CLIP(config["embed_dim"], tower, text, quick_gelu=quick).eval().requires_grad_(False)


def most_allocated(run) -> int:
    """The most bytes that torch's CPU allocator held at once for tensors made while `run` runs."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        run()
    events = seen.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    held = most = 0
    for _, change in changes:
        held += change
        most = max(most, held)
    return most


@pytest.mark.parametrize(
    ("name", "images", "vision"),
    [
        ("ViT-B-32", 4, {}),
        ("ViT-B-32-quickgelu", 4, {}),
        ("ViT-B-16", 1, {}),
        ("ViT-B-16", 4, {}),
        ("ViT-B-16", 2, {"image_size": 384}),  # here the attention's scores take the most
        ("ViT-L-14-336", 1, {}),
    ],
)
def test_the_memory_of_a_forward_is_what_the_allocator_saw(name, images, vision) -> None:
    clip = clip_of(name, layers=2, **vision)  # blocks come one after the other
    x = torch.randn(images, 3, *clip.visual.image_size)
    expected = cost(name, vision.get("image_size"))
    with torch.inference_mode():
        clip.visual(x)
        measured = most_allocated(lambda: clip.visual(x)) + x.nbytes
    assert measured == pytest.approx(expected.activation_bytes(images), rel=0.05)


def test_every_kind_of_site_has_the_size_of_its_activation() -> None:
    for pooled in (False, True):
        model = tiny_model(final_ln_after_pool=pooled)
        reckoned = cost(model)
        seen = model.activations(pixels(1), None)
        for site, value in seen.items():
            assert reckoned.bytes_per_image[kind_of(site)] == value.nbytes, site
            assert reckoned.site_bytes(site) == value.nbytes
        both = reckoned.site_bytes(["blocks.*.mlp.hook_post", "blocks.0.attn.hook_pattern"], "fp16")
        assert both == 2 * (3 * 17 * 128 + 4 * 17 * 17)


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16-plus-240", "ViT-L-14-quickgelu"])
def test_weights_are_counted_as_they_are_built(name: str) -> None:
    clip = clip_of(name, layers=configs()[name]["vision_cfg"]["layers"])
    built = sum(weight.numel() for weight in clip.visual.parameters())
    assert cost(name).image_parameters == built
    assert cost(name).parameters == next(
        row.parameters for row in available_models() if row.name == name
    )


def test_another_input_size_changes_the_grid_and_the_position_embedding() -> None:
    small, large = cost("ViT-B-16"), cost("ViT-B-16", 384)
    assert (large.grid, large.tokens) == ((24, 24), 577)
    assert large.parameters - small.parameters == (577 - 197) * 768
    assert cost("ViT-B-16", (224, 448)).grid == (14, 28)
    with pytest.raises(SettingError, match="choose a multiple of 16"):
        cost("ViT-B-16", 225)


def test_a_model_costs_what_its_configuration_does() -> None:
    clip = tiny_clip()
    model = HookedCLIP(clip, name="tiny", tokenizer=list, mean=(0, 0, 0), std=(1, 1, 1))
    vision = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 3, "head_width": 8}
    text = {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1}
    described = cost({"embed_dim": 16, "vision_cfg": vision, "text_cfg": text})
    built = cost(model)
    for name in ("parameters", "image_parameters", "grid", "tokens", "flops", "bytes_per_image"):
        assert getattr(built, name) == getattr(described, name), name
    other = tiny_model(image_size=64)
    assert cost(model, 64).parameters == cost(other).parameters
    with pytest.raises(SettingError, match="multiple of 8"):
        cost(model, 65)


def test_operations_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    clip = clip_of("ViT-B-32", layers=12)
    x = torch.zeros(1, 3, 224, 224, requires_grad=True)  # or it counts no fused attention
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        clip.visual(x)
    assert cost("ViT-B-32").flops == pytest.approx(counter.get_total_flops(), rel=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 64), st.sampled_from(["ViT-B-32", "ViT-L-14-336", "demo"]))
def test_a_forward_grows_with_its_images_and_halves_with_its_format(images: int, name: str) -> None:
    found = cost(name)
    one, some, more = (found.activation_bytes(number) for number in (1, images, images + 1))
    assert one * images >= some >= one
    assert more > some
    assert found.forward_bytes(images, "fp16") * 2 == found.forward_bytes(images)
    assert found.forward_bytes(images) - found.activation_bytes(images) == found.weight_bytes()


def test_names_that_are_none_are_refused() -> None:
    with pytest.raises(ModelError, match="no architecture is called 'ViT-X'"):
        cost("ViT-X")
    with pytest.raises(ModelError, match="RN50 is not supported"):
        cost("RN50")
    with pytest.raises(SiteError, match="hook_resid_pots"):
        cost("ViT-B-32").site_bytes("blocks.0.hook_resid_pots")
    with pytest.raises(SettingError, match="no number format 'int8'"):
        width_of("int8")


def test_sizes_are_readable() -> None:
    sizes = (0, 999, 1000, 123_456, 7_654_321, 98_765_432_101, 3e12)
    assert [readable(size) for size in sizes] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "123 kB",
        "7.7 MB",
        "98.8 GB",
        "3.0 TB",
    ]


def test_no_torch_is_needed() -> None:
    code = "import sys; from workbench.clip.cost import cost; cost('demo'); "
    subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], check=True)


def test_a_model_is_timed_in_batches_no_larger_than_allowed() -> None:
    found = pace(tiny_model(), most=4, seconds=0.02)
    assert found.images_per_second > 1
    assert found.batch_size in (1, 4)
    assert found.device == "cpu"
