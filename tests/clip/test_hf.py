import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.clip import models_on_disk as disk
from tests.oracles.hf_clip import hf_clip
from workbench.clip.loading import load_model
from workbench.errors import ModelError


def hf_folder(folder: Path, **clip_options: Any) -> Any:
    """Write a tiny CLIP as transformers does; return it as transformers has it."""
    second = hf_clip(disk.clip(**clip_options))
    second.save_pretrained(folder)
    return second


def rewrite(folder: Path, name: str = "config.json", **changes: Any) -> None:
    path = folder / name
    content = json.loads(path.read_text())
    for key, value in changes.items():
        section, _, inner = key.partition("__")
        if inner:
            content[section][inner] = value
        else:
            content[section] = value
    path.write_text(json.dumps(content))


def same(model: Any, second: Any) -> None:
    x, tokens = disk.pixels(), model.tokenize(["a dog", "two small dogs"])
    with torch.no_grad():
        image = second.visual_projection(second.vision_model(x).pooler_output)
        text = second.text_projection(second.text_model(tokens).pooler_output)
        torch.testing.assert_close(model(x), image, rtol=0, atol=1e-5)
        encoded = model.encode_text(["a dog", "two small dogs"])
        torch.testing.assert_close(encoded, text, rtol=0, atol=1e-5)


@pytest.mark.parametrize("quick_gelu", [True, False])
def test_a_hugging_face_folder_computes_what_transformers_does(
    tmp_path: Path, quick_gelu: bool
) -> None:
    second = hf_folder(tmp_path / "hf", quick_gelu=quick_gelu)
    model = load_model(tmp_path / "hf", device="cpu")
    assert model.activation == ("quickgelu" if quick_gelu else "gelu")
    same(model, second)


def test_widths_that_are_no_multiple_of_four_are_kept(tmp_path: Path) -> None:
    second = hf_folder(tmp_path / "hf", mlp_ratio=4.3637)
    model = load_model(tmp_path / "hf", device="cpu")
    assert model.d_mlp == second.config.vision_config.intermediate_size == 139
    same(model, second)


def test_another_epsilon_is_kept(tmp_path: Path) -> None:
    second = hf_folder(tmp_path / "hf", norm_kwargs={"eps": 1e-3})
    model = load_model(tmp_path / "hf", device="cpu")
    assert model.cfg.eps == 1e-3
    with torch.no_grad():
        x = disk.pixels()
        expected = second.visual_projection(second.vision_model(x).pooler_output)
        torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-5)


def test_a_silent_configuration_means_what_transformers_assumes(tmp_path: Path) -> None:
    hf_folder(tmp_path / "hf", quick_gelu=True)
    path = tmp_path / "hf" / "config.json"
    content = json.loads(path.read_text())
    for section in ("vision_config", "text_config"):
        for key in ("hidden_act", "layer_norm_eps"):
            del content[section][key]
    path.write_text(json.dumps(content))
    assert load_model(tmp_path / "hf").activation == "quickgelu"


def test_the_second_copy_in_old_configurations_wins(tmp_path: Path) -> None:
    second = hf_folder(tmp_path / "hf")
    content = json.loads((tmp_path / "hf" / "config.json").read_text())
    copy = content["vision_config"]
    rewrite(tmp_path / "hf", vision_config__patch_size=16, vision_config_dict=copy)
    same(load_model(tmp_path / "hf"), second)


@pytest.mark.parametrize("end", [2, 49407, 1000])
def test_text_is_pooled_where_transformers_pools_it(tmp_path: Path, end: int) -> None:
    from transformers import CLIPModel

    hf_folder(tmp_path / "hf")
    rewrite(tmp_path / "hf", text_config__eos_token_id=end)
    second = CLIPModel.from_pretrained(tmp_path / "hf")
    model = load_model(tmp_path / "hf", device="cpu")
    tokens = torch.tensor(
        [[49406, 1000, 5, 49407, *[0] * 12], [49406, 7, 1000, 9, 49407] + [0] * 11]
    )
    with torch.no_grad():
        expected = second.text_projection(second.text_model(tokens).pooler_output)
        torch.testing.assert_close(model.clip.encode_text(tokens), expected, rtol=0, atol=1e-5)


def test_old_position_ids_and_a_torch_file_are_read(tmp_path: Path) -> None:
    second = hf_folder(tmp_path / "hf")
    weights = load_file(tmp_path / "hf" / "model.safetensors")
    (tmp_path / "hf" / "model.safetensors").unlink()
    weights["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    torch.save(weights, tmp_path / "hf" / "pytorch_model.bin")
    same(load_model(tmp_path / "hf"), second)


def test_a_sharded_folder_is_read(tmp_path: Path) -> None:
    second = hf_clip(disk.clip())
    second.save_pretrained(tmp_path / "hf", max_shard_size="2MB")
    assert (tmp_path / "hf" / "model.safetensors.index.json").is_file()
    same(load_model(tmp_path / "hf"), second)


def test_preprocessing_is_read_from_the_processor(tmp_path: Path) -> None:
    hf_folder(tmp_path / "hf")
    assert load_model(tmp_path / "hf").mean == (0.48145466, 0.4578275, 0.40821073)
    described = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}
    (tmp_path / "hf" / "preprocessor_config.json").write_text(json.dumps(described))
    model = load_model(tmp_path / "hf")
    assert (model.mean, model.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def test_its_architecture_can_be_had_untrained_and_at_another_size(tmp_path: Path) -> None:
    hf_folder(tmp_path / "hf", quick_gelu=True)
    model = load_model(tmp_path / "hf", "random:0", image_size=(48, 64))
    assert (model.activation, model.grid) == ("quickgelu", (6, 8))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "siglip"}, "describes a 'siglip'"),
        ({"vision_config__hidden_act": "gelu_new"}, "hidden_act is gelu and gelu_new"),
        ({"vision_config__hidden_act": "quick_gelu"}, "the same in both towers"),
        ({"vision_config__num_channels": 1}, "takes 1 channels, not RGB"),
    ],
)
def test_what_open_clip_has_no_words_for_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    hf_folder(tmp_path / "hf")
    rewrite(tmp_path / "hf", **changes)
    with pytest.raises(ModelError, match=reason):
        load_model(tmp_path / "hf")


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    hf_folder(tmp_path / "hf")
    path = tmp_path / "hf" / "model.safetensors"
    weights = load_file(path)
    del weights["vision_model.encoder.layers.1.self_attn.k_proj.bias"]
    save_file(weights, path)
    with pytest.raises(ModelError, match=r"missing visual.*resblocks.1.attn.in_proj_bias"):
        load_model(tmp_path / "hf")


def test_folders_without_a_model_say_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").touch()
    with pytest.raises(ModelError, match=r"open_clip_config.json.*found: cat.png"):
        load_model(tmp_path / "pictures")
    hf_folder(tmp_path / "hf")
    (tmp_path / "hf" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"holds no weights: none of model.safetensors"):
        load_model(tmp_path / "hf")
    (tmp_path / "hf" / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config.json cannot be read as JSON"):
        load_model(tmp_path / "hf")
    (tmp_path / "hf" / "config.json").write_text("[]")
    with pytest.raises(ModelError, match="holds no JSON object"):
        load_model(tmp_path / "hf")
    (tmp_path / "hf" / "open_clip_config.json").write_text("{}")
    with pytest.raises(ModelError, match="lacks embed_dim"):
        load_model(tmp_path / "hf")


def test_a_configuration_that_open_clip_cannot_build_is_refused(tmp_path: Path) -> None:
    for changes in ({"head_width": 5}, {"unheard_of": 1}):
        folder = disk.open_clip_folder(tmp_path / "m", described=disk.config(**changes))
        with pytest.raises(ModelError, match="open_clip cannot build m from its configuration"):
            load_model(folder)
