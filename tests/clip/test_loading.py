import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from open_clip.model import resize_pos_embed
from safetensors.torch import load_file, save_file

from tests.clip import models_on_disk as disk
from workbench import paths
from workbench.clip import registry
from workbench.clip.hooked import HookedCLIP
from workbench.clip.loading import load_model
from workbench.errors import ModelError, SettingError


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def tiny_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """open_clip's own configurations, and two tiny ones beside them."""
    known = dict(registry.configs())
    known |= {"Tiny": disk.config(), "Tiny-quickgelu": disk.config(quick_gelu=True)}
    monkeypatch.setattr(registry, "configs", lambda: known)


def same(model: HookedCLIP, reference: Any) -> None:
    x = disk.pixels()
    tokens = model.tokenize(["a dog", "two dogs"])
    with torch.no_grad():
        torch.testing.assert_close(model(x), reference.encode_image(x), rtol=0, atol=1e-5)
        torch.testing.assert_close(
            model.encode_text(["a dog", "two dogs"]),
            reference.encode_text(tokens),
            rtol=0,
            atol=1e-5,
        )


# Every form of weights that is legitimate.


def test_an_open_clip_folder_is_loaded_with_its_preprocessing(tmp_path: Path) -> None:
    reference = disk.clip()
    mean, std = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    folder = disk.open_clip_folder(tmp_path / "mine", reference, mean=mean, std=std)
    model = load_model(folder, device="cpu")
    same(model, reference)
    assert (model.mean, model.std, model.name) == (mean, std, "mine")
    assert model.source == str(folder / "open_clip_model.safetensors")
    assert model.activation == "gelu"


def test_half_precision_weights_on_disk_compute_in_fp32(tmp_path: Path) -> None:
    reference = disk.clip().half().float()
    folder = disk.open_clip_folder(tmp_path / "m", reference, dtype=torch.float16)
    model = load_model(str(folder), device="cpu")
    assert model.dtype == torch.float32
    same(model, reference)


def test_a_folder_with_a_torch_file_is_loaded(tmp_path: Path) -> None:
    reference = disk.clip()
    folder = disk.open_clip_folder(tmp_path / "m", reference)
    (folder / "open_clip_model.safetensors").unlink()
    torch.save(disk.state(reference), folder / "open_clip_pytorch_model.bin")
    same(load_model(folder, device="cpu"), reference)


def test_the_demo_is_a_folder_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = disk.open_clip_folder(tmp_path / "demo", disk.clip())
    monkeypatch.setattr(paths, "demo_model", lambda: folder)
    demo = load_model("demo", device="cpu")
    assert (demo.name, demo.source) == ("demo", "embedded weights")
    assert demo.fingerprint == load_model(folder).fingerprint
    untrained = load_model("demo", "random:3", device="cpu")
    assert untrained.source == "random weights, seed 3"
    assert untrained.fingerprint == load_model("demo:random:3", device="cpu").fingerprint
    assert untrained.fingerprint != load_model("demo", device="cpu").fingerprint


@pytest.mark.parametrize("form", ["safetensors", "plain", "state_dict", "module.", "legacy"])
def test_a_file_of_weights_is_loaded_under_the_name_of_its_architecture(
    tmp_path: Path, form: str
) -> None:
    reference = disk.clip(quick_gelu=True)
    weights: Any = disk.state(reference)
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.pt")
    if form == "safetensors":
        save_file(weights, path)
    else:
        if form == "state_dict":
            weights = {"epoch": 3, "name": "run", "state_dict": weights}
        elif form == "module.":
            weights = {"state_dict": {f"module.{key}": value for key, value in weights.items()}}
        torch.save(weights, path, _use_new_zipfile_serialization=form != "legacy")
    model = load_model("Tiny-quickgelu", path, device="cpu")
    assert model.activation == "quickgelu"
    same(model, reference)


def test_numbers_among_openais_weights_and_a_separate_text_tower_do_no_harm(
    tmp_path: Path,
) -> None:
    reference = disk.clip()
    weights = disk.state(reference)
    weights |= {"input_resolution": torch.tensor(32), "vocab_size": torch.tensor(49408)}
    weights["logit_scale"] = weights["logit_scale"].reshape(1)
    torch.save(weights, tmp_path / "openai.pt")
    same(load_model("Tiny", tmp_path / "openai.pt", activation="gelu"), reference)
    apart = {
        key if key.startswith(("visual.", "logit")) else f"text.{key}": value
        for key, value in disk.state(reference).items()
    }
    torch.save(apart, tmp_path / "apart.pt")
    same(load_model("Tiny", tmp_path / "apart.pt", activation="gelu"), reference)


def test_untrained_weights_repeat_with_their_seed_and_leave_the_global_one_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two = load_model("Tiny", "random:1"), load_model("Tiny:random:1")
    assert one.fingerprint == two.fingerprint != load_model("Tiny", "random:2").fingerprint
    assert load_model("Tiny", "random").fingerprint == load_model("Tiny:random:0").fingerprint
    assert torch.equal(torch.random.get_rng_state(), before)


def test_untrained_weights_are_those_open_clip_starts_from() -> None:
    from open_clip.model import CLIP

    torch.manual_seed(7)
    reference = CLIP(**disk.config()).eval()
    same(load_model("Tiny", "random:7", device="cpu"), reference)


def test_openais_spelling_of_a_name_is_understood() -> None:
    with pytest.raises(ModelError, match="ViT-B-32 is an architecture"):
        load_model("ViT-B/32")


# Weights that are fetched.


def fetched(monkeypatch: pytest.MonkeyPatch, path: Path) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def download(config: dict[str, Any], **_: Any) -> str:
        asked.append(config)
        return str(path)

    monkeypatch.setattr("open_clip.pretrained.download_pretrained", download)
    monkeypatch.setattr("workbench.clip.fetching.hub_is_reachable", lambda: True)
    known = dict(registry.configs())
    known |= {"ViT-B-32": disk.config(), "ViT-B-32-quickgelu": disk.config(quick_gelu=True)}
    monkeypatch.setattr(registry, "configs", lambda: known)
    save_file(disk.state(disk.clip()), path)
    return asked


def test_a_tag_fetches_open_clips_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fetched(monkeypatch, tmp_path / "w.safetensors")
    model = load_model("ViT-B-32", "laion2b-s34b-b79k", device="cpu")
    assert asked[0]["hf_hub"] == "laion/CLIP-ViT-B-32-laion2B-s34B-b79K/"
    assert model.source == "open_clip tag laion2b_s34b_b79k"
    same(model, disk.clip())


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-32-quickgelu", "ViT-B-32:openai"])
def test_openais_weights_force_quickgelu_under_either_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fetched(monkeypatch, tmp_path / "w.safetensors")
    model = load_model(name, None if ":" in name else "openai", device="cpu")
    assert model.activation == "quickgelu"
    same(model, disk.clip(quick_gelu=True))


def test_open_clips_warning_of_the_wrong_activation_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fetched(monkeypatch, tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match="Load ViT-B-32-quickgelu instead"):
        load_model("ViT-B-32", "metaclip_400m")
    with pytest.raises(ModelError, match=r"activation= says gelu"):
        load_model("ViT-B-32", "openai", activation="gelu")
    assert not asked


def test_without_a_network_the_message_says_how_to_get_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: Any, **kwargs: Any) -> str:
        raise FileNotFoundError("Failed to download file. No route to host.")

    monkeypatch.setattr("open_clip.pretrained.download_pretrained", fail)
    monkeypatch.setattr("workbench.clip.fetching.hub_is_reachable", lambda: True)
    monkeypatch.setattr("open_clip.pretrained.download_pretrained_from_hf", fail)
    with pytest.raises(ModelError, match=r"hf download timm/vit_base_patch32_clip_224.openai"):
        load_model("ViT-B-32", "openai")
    with pytest.raises(ModelError, match="hf download some/clip --local-dir"):
        load_model("hf-hub:some/clip")


def test_a_repository_of_the_hub_is_fetched_and_read_as_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = disk.open_clip_folder(tmp_path / "snapshot", disk.clip())

    def download(repository: str, filename: str = "open_clip_model.safetensors") -> str:
        assert repository == "some/clip"
        return str(folder / filename)

    monkeypatch.setattr("open_clip.pretrained.download_pretrained_from_hf", download)
    monkeypatch.setattr("workbench.clip.fetching.hub_is_reachable", lambda: True)
    model = load_model("hf-hub:some/clip", device="cpu")
    assert model.name == "hf-hub:some/clip"
    same(model, disk.clip())


# The activation: stated, or taken from where it is said, and never guessed.


def test_a_quickgelu_file_under_a_gelu_name_is_not_loaded_without_a_word(tmp_path: Path) -> None:
    reference = disk.clip(quick_gelu=True)
    path = tmp_path / "w.safetensors"
    save_file(disk.state(reference), path)
    with pytest.raises(ModelError, match="State it: activation='quickgelu'") as error:
        load_model("Tiny", path)
    assert str(path) in str(error.value)
    same(load_model("Tiny", path, activation="quickgelu", device="cpu"), reference)


def test_the_metadata_of_a_file_states_the_activation(tmp_path: Path) -> None:
    reference = disk.clip(quick_gelu=True)
    path = tmp_path / "w.safetensors"
    save_file(disk.state(reference), path, metadata={"activation": "quickgelu"})
    same(load_model("Tiny", path, device="cpu"), reference)
    with pytest.raises(ModelError, match="contradicted"):
        load_model("Tiny", path, activation="gelu")
    save_file(disk.state(reference), path, metadata={"activation": "relu"})
    with pytest.raises(ModelError, match="states activation 'relu'"):
        load_model("Tiny", path)


def test_what_is_stated_may_not_contradict_the_name_or_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(disk.state(disk.clip()), path)
    with pytest.raises(ModelError, match="the name Tiny-quickgelu says quickgelu"):
        load_model("Tiny-quickgelu", path, activation="gelu")
    folder = disk.open_clip_folder(tmp_path / "folder", disk.clip())
    with pytest.raises(ModelError, match="says gelu; activation= says quickgelu"):
        load_model(folder, activation="quickgelu")
    unknown: Any = "relu"
    with pytest.raises((SettingError, TypeError)):
        load_model(folder, activation=unknown)


def test_an_untrained_tower_takes_any_activation() -> None:
    assert load_model("Tiny", "random:0").activation == "gelu"
    assert load_model("Tiny", "random:0", activation="quickgelu").activation == "quickgelu"


# Sizes, devices, number formats.


@pytest.mark.parametrize("size", [64, (64, 64), (24, 56), (16, 64)])
def test_other_image_sizes_interpolate_the_position_embedding(
    tmp_path: Path, size: int | tuple[int, int]
) -> None:
    reference = disk.clip()
    folder = disk.open_clip_folder(tmp_path / "m", reference)
    model = load_model(folder, device="cpu", image_size=size)
    height, width = registry.pair(size)
    assert model.image_size == (height, width)
    assert model.grid == (height // 8, width // 8)
    larger = disk.clip(image_size=(height, width))
    weights = disk.state(reference)
    if height * width != 32 * 32:  # there open_clip takes a reshaped grid for the old one
        resize_pos_embed(weights, larger)
        larger.load_state_dict(weights)
        x = disk.pixels(1, height, width)
        with torch.no_grad():
            torch.testing.assert_close(model(x), larger.encode_image(x), rtol=0, atol=1e-5)
    else:
        old = weights["visual.positional_embedding"]
        assert not torch.allclose(model.visual.positional_embedding, old)
        torch.testing.assert_close(model.visual.positional_embedding[0], old[0])


def test_the_native_size_leaves_the_position_embedding_alone(tmp_path: Path) -> None:
    folder = disk.open_clip_folder(tmp_path / "m", disk.clip())
    fingerprints = {load_model(folder, image_size=size).fingerprint for size in (None, 32)}
    assert len(fingerprints) == 1


@pytest.mark.parametrize("size", [30, (32, 36), 0, -8, 4])
def test_a_size_that_is_no_multiple_of_the_patch_is_refused(size: Any) -> None:
    with pytest.raises(SettingError, match="multiple of 8, such as"):
        load_model("Tiny", "random:0", image_size=size)


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp64", torch.bfloat16])
def test_number_formats_are_taken_by_name_or_from_torch(dtype: Any) -> None:
    model = load_model("Tiny", "random:0", device="cpu", dtype=dtype)
    assert model.dtype == model(disk.pixels(1).to(model.dtype)).dtype
    assert model.encode_text(["a dog"]).dtype == model.dtype


def test_weights_too_large_for_the_number_format_are_refused(tmp_path: Path) -> None:
    model = disk.clip()
    model.visual.proj.data[0, 0] = 1e6
    folder = disk.open_clip_folder(tmp_path / "m", model)
    with pytest.raises(ModelError, match=r"converted to torch.float16.*visual.proj"):
        load_model(folder, dtype="fp16", device="cpu")


@pytest.mark.parametrize("dtype", ["int8", "float", torch.int32])
def test_a_number_format_that_does_not_compute_is_refused(dtype: Any) -> None:
    with pytest.raises(SettingError, match="fp32, fp16, bf16, fp64"):
        load_model("Tiny", "random:0", dtype=dtype)


@pytest.mark.parametrize("device", ["gpu", "meta", "cuda:x"])
def test_an_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(SettingError, match="auto, cuda, mps, cpu"):
        load_model("Tiny", "random:0", device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingError, match="cuda cannot compute in float32 here"):
        load_model("Tiny", "random:0", device="cuda")


def test_the_device_is_chosen_by_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.clip.devices import choose_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"


# Names that mean nothing, or something that is not supported.


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("RN50", "its image tower is a ResNet"),
        ("convnext_base", "its image tower is timm's convnext_base"),
        ("ViT-B-16-SigLIP", "its image tower is timm's vit_base_patch16_siglip_224"),
        ("EVA02-B-16", "its image tower is timm's eva02_base_patch16_clip_224"),
        ("coca_ViT-B-32", "it is a CoCa"),
        ("roberta-ViT-B-32", "its text tower is roberta-base"),
    ],
)
def test_towers_that_are_not_plain_are_refused_by_name(name: str, reason: str) -> None:
    for pretrained in ("openai", "random:0", None):
        with pytest.raises(ModelError, match=f"{name} is not supported: {reason}"):
            load_model(name, pretrained)


def test_custom_blocks_in_a_folder_are_refused(tmp_path: Path) -> None:
    described = disk.config(qk_norm=True)
    folder = disk.open_clip_folder(tmp_path / "m", described=described)
    with pytest.raises(ModelError, match=r"custom blocks \(qk_norm\)"):
        load_model(folder)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no model is called 'ViT-B32'. Nearest: ViT-B-32"):
        load_model("ViT-B32")


def test_an_architecture_alone_is_answered_with_its_choices() -> None:
    with pytest.raises(ModelError, match=r"'random:0'.*openai, laion400m_e31"):
        load_model("ViT-B-32")
    with pytest.raises(ModelError, match="it has none for this one"):
        load_model("ViT-S-32")


def test_an_unknown_tag_or_file_is_answered_with_the_tags() -> None:
    with pytest.raises(ModelError, match=r"'nope' is neither a file nor a tag .*openai"):
        load_model("ViT-B-32", "nope")
    with pytest.raises(ModelError, match=r"missing.pt' is neither a file nor a tag"):
        load_model("ViT-B-32", "missing.pt")


@pytest.mark.parametrize("seed", ["random:", "random:x", "random:-1", "random:1.5"])
def test_a_seed_must_be_a_whole_number(seed: str) -> None:
    with pytest.raises(ModelError, match="must be a whole number"):
        load_model("Tiny", seed)


def test_paths_that_lead_nowhere_or_astray_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model at .*nowhere"):
        load_model(tmp_path / "nowhere")
    file = tmp_path / "w.safetensors"
    save_file(disk.state(disk.clip()), file)
    with pytest.raises(ModelError, match="does not say its architecture"):
        load_model(file)
    folder = disk.open_clip_folder(tmp_path / "m", disk.clip())
    with pytest.raises(ModelError, match="says its own architecture"):
        load_model("Tiny", folder)
    with pytest.raises(ModelError, match="brings its own weights"):
        load_model(folder, "openai")


def test_loading_changes_nothing_global(tmp_path: Path) -> None:
    folder = disk.open_clip_folder(tmp_path / "m", disk.clip())
    numpy_state, torch_state = np.random.get_state()[1].tolist(), torch.random.get_rng_state()
    gradients, default = torch.is_grad_enabled(), torch.get_default_dtype()
    weights = load_file(folder / "open_clip_model.safetensors")
    load_model(folder, dtype="fp16", device="cpu")
    assert np.random.get_state()[1].tolist() == numpy_state
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert (torch.is_grad_enabled(), torch.get_default_dtype()) == (gradients, default)
    after = load_file(folder / "open_clip_model.safetensors")
    assert all(torch.equal(weights[key], after[key]) for key in weights)
