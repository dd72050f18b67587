import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.clip import models_on_disk as disk
from tests.tiny import pixels, tiny_model
from workbench.clip import parity as module
from workbench.clip import split
from workbench.clip.loading import load_model
from workbench.clip.parity import FP32_TOLERANCE, parity, untouched
from workbench.errors import SettingError


def test_a_certificate_names_the_conditions(tmp_path: Path) -> None:
    folder = disk.open_clip_folder(tmp_path / "m", mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    model = load_model(folder, device="cpu")
    certificate = parity(model, disk.pixels(3))
    assert certificate.passed
    assert certificate.settled is None
    assert certificate.fingerprint == model.fingerprint
    assert (certificate.images, certificate.image_size) == (3, (32, 32))
    assert (certificate.mean, certificate.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert (certificate.activation, certificate.eps) == ("gelu", 1e-5)
    assert (certificate.dtype, certificate.device) == ("float32", "cpu")
    assert "attention" in certificate.attention_kernel
    assert certificate.max_difference >= certificate.mean_difference
    assert certificate.tolerance == FP32_TOLERANCE


def test_the_idle_model_and_the_model_that_is_read_are_bit_identical() -> None:
    checks = {check.what: check.maximum for check in parity(tiny_model()).checks}
    assert checks["idle"] == checks["every site read"] == 0


@pytest.mark.parametrize(
    "vision",
    [
        {},
        {"ls_init_value": 0.3},
        {"no_ln_pre": True, "pool_type": "avg", "final_ln_after_pool": True},
        {"image_size": (16, 32)},
        {"norm_kwargs": {"eps": 1e-3}},
        {"mlp_ratio": 4.3637},
    ],
    ids=str,
)
def test_the_untouched_tower_is_built_afresh_with_the_same_weights(vision: dict[str, Any]) -> None:
    model = tiny_model(quick_gelu=True, **vision)
    tower = untouched(model.visual, torch.float32)
    x = torch.randn(2, 3, *model.image_size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(tower(x), model.clip.encode_image(x), rtol=0, atol=0)
    assert all(not child._forward_hooks for child in tower.modules())
    assert {id(child) for child in tower.modules()}.isdisjoint(map(id, model.visual.modules()))
    assert parity(model, x).passed


def test_a_difference_that_is_not_rounding_fails_in_fp64(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_bias(attn: Any, *args: Any) -> Tensor:
        return original(attn, *args) - attn.out_proj.bias * 0.1

    original = split.attention
    monkeypatch.setattr(split, "attention", without_bias)
    certificate = parity(tiny_model())
    assert not certificate.passed
    assert certificate.settled is not None
    assert "FAILED" in certificate.verdict
    assert "a different computation" in certificate.verdict


def test_a_difference_from_rounding_is_settled_in_fp64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FP32_TOLERANCE", 1e-12)
    certificate = parity(tiny_model())
    assert certificate.max_difference > certificate.tolerance
    assert certificate.settled is not None
    assert certificate.passed
    assert "so it is rounding" in certificate.verdict


def test_outputs_that_are_not_numbers_do_not_pass() -> None:
    model = tiny_model()
    certificate = parity(model, torch.full((1, 3, 32, 32), float("nan")))
    assert not certificate.passed
    written = json.loads(json.dumps(certificate.to_dict(), allow_nan=False))
    assert written["max_difference"] is None


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp64"])
def test_other_number_formats_have_their_own_tolerance(tmp_path: Path, dtype: str) -> None:
    model = load_model(disk.open_clip_folder(tmp_path / "m"), device="cpu", dtype=dtype)
    certificate = parity(model)
    assert certificate.passed
    assert certificate.dtype == str(model.dtype).removeprefix("torch.")


def test_the_model_comes_out_as_it_went_in() -> None:
    model = tiny_model()
    before = model.fingerprint
    state = torch.random.get_rng_state()
    parity(model)
    assert model.fingerprint == before
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not any(point.has_hooks("both") for point in model.hook_dict.values())


def test_a_model_with_hooks_on_it_is_not_certified() -> None:
    model = tiny_model()
    model.add_hook("blocks.1.hook_resid_post", lambda value, hook: value * 0)
    with pytest.raises(SettingError, match=r"blocks.1.hook_resid_post.*reset_hooks"):
        parity(model)
    model.reset_hooks()
    assert parity(model).passed


def test_the_same_seed_gives_the_same_certificate() -> None:
    model = tiny_model()
    assert parity(model, seed=3) == parity(model, seed=3)


def test_a_certificate_is_shown_as_a_table_and_written_as_json() -> None:
    model = tiny_model()
    model.source = "<script>alert(1)</script>"
    certificate = parity(model, pixels(1))
    shown = certificate._repr_html_()
    assert "<table>" in shown
    assert "<script>" not in shown
    assert model.fingerprint in shown
    written = json.loads(json.dumps(certificate.to_dict(), allow_nan=False))
    assert written["passed"] is True
    assert written["max_difference"] == certificate.max_difference
    assert {check["what"] for check in written["checks"]} >= {"idle"}


def test_an_edited_tower_is_compared_with_its_own_weights() -> None:
    model = tiny_model()
    with torch.no_grad():
        assert isinstance(model.visual.ln_post, nn.LayerNorm)
        model.visual.ln_post.weight.mul_(2)
    assert parity(model).passed
