"""Hugging Face CLIP, turned into open_clip: its configuration and the names of its weights.

The two write the same network differently: Hugging Face keeps q, k and v apart and its projections
as [out, in]; open_clip stacks q, k, v into one matrix and keeps its projections as [in, out].
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from workbench.clip.registry import Config
from workbench.errors import ModelError

_ACTIVATIONS = {"quick_gelu": "quickgelu", "gelu": "gelu"}

# What transformers assumes where a config.json is silent (CLIPVisionConfig, CLIPTextConfig).
_VISION = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 32,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
}
_TEXT = {
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "eos_token_id": 49407,
}

_WHOLE = {
    "logit_scale": "logit_scale",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",  # transformers' own spelling
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}
_TRANSPOSED = {
    "visual_projection.weight": "visual.proj",
    "text_projection.weight": "text_projection",
}
_IN_BLOCK = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_WITH_V = ("self_attn.q_proj", "self_attn.k_proj")  # joined to the v_proj of their block
_BLOCK = re.compile(r"(vision|text)_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")


def open_clip_config(config: Mapping[str, Any], where: str) -> Config:
    """Return the architecture in open_clip's words; the activation is read from `hidden_act`.

    Raises `ModelError` for what open_clip's plain ViT does not have.
    """
    vision = _section(config, "vision", _VISION)
    text = _section(config, "text", _TEXT)
    acts = {str(vision["hidden_act"]), str(text["hidden_act"])}
    if len(acts) > 1 or not acts <= _ACTIVATIONS.keys():
        raise ModelError(
            f"{where}: hidden_act is {' and '.join(sorted(acts))}; supported is one of "
            f"{', '.join(_ACTIVATIONS)}, the same in both towers."
        )
    if vision["num_channels"] != 3:
        raise ModelError(f"{where}: the tower takes {vision['num_channels']} channels, not RGB.")
    text_cfg = _tower(text) | {
        "context_length": text["max_position_embeddings"],
        "vocab_size": text["vocab_size"],
        "heads": text["num_attention_heads"],
    }
    # 2 is transformers' mark of configurations from before it read the end token from them: there,
    # as in OpenAI's CLIP, the end is the largest token id of the text.
    if text["eos_token_id"] not in (2, text["vocab_size"] - 1):
        text_cfg |= {"pool_type": "eos", "eos_id": text["eos_token_id"]}
    return {
        "embed_dim": config.get("projection_dim", 512),
        "quick_gelu": acts == {"quick_gelu"},
        "vision_cfg": _tower(vision)
        | {
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "head_width": vision["hidden_size"] // vision["num_attention_heads"],
        },
        "text_cfg": text_cfg,
    }


def open_clip_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under open_clip's names; names it does not know keep theirs.

    Takes and returns tensors as `CLIPModel.state_dict()` and `CLIP.state_dict()` hold them.
    """
    converted: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        block = _BLOCK.fullmatch(key)
        if key.endswith("position_ids") or (block and block[3] in _WITH_V):
            continue
        if key in _WHOLE:
            converted[_WHOLE[key]] = tensor
        elif key in _TRANSPOSED:
            converted[_TRANSPOSED[key]] = tensor.T
        elif block and block[3] == "self_attn.v_proj":
            tower, layer, _, kind = block.groups()
            parts = [tensors.get(key.replace("v_proj", f"{name}_proj")) for name in "qkv"]
            if all(part is not None for part in parts):
                name = f"{_prefix(tower, layer)}.attn.in_proj_{kind}"
                converted[name] = torch.cat([part for part in parts if part is not None])
        elif block and block[3] in _IN_BLOCK:
            tower, layer, part, kind = block.groups()
            converted[f"{_prefix(tower, layer)}.{_IN_BLOCK[part]}.{kind}"] = tensor
        else:
            converted[key] = tensor
    return converted


def _section(config: Mapping[str, Any], tower: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    # Old files carry a second copy, `vision_config_dict`, which wins where it is present.
    found = dict(defaults)
    for key in (f"{tower}_config", f"{tower}_config_dict"):
        found |= {k: v for k, v in (config.get(key) or {}).items() if v is not None}
    return found


def _tower(section: Mapping[str, Any]) -> dict[str, Any]:
    width, hidden, eps = (
        section[key] for key in ("hidden_size", "intermediate_size", "layer_norm_eps")
    )
    tower: dict[str, Any] = {
        "width": width,
        "layers": section["num_hidden_layers"],
        "mlp_ratio": (hidden + 0.5) / width,  # open_clip cuts width * ratio to an integer
    }
    return tower if eps == 1e-5 else tower | {"norm_kwargs": {"eps": eps}}


def _prefix(tower: str, layer: str) -> str:
    return f"{'visual.' if tower == 'vision' else ''}transformer.resblocks.{layer}"
