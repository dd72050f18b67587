"""Hugging Face's CLIP with the weights of an open_clip one: a second opinion on both.

The mapping is written in the direction opposite to the workbench's own and shares nothing with it.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel


def hf_clip(clip: Any) -> CLIPModel:
    """Return a `CLIPModel` that should compute what `clip`, an open_clip CLIP, does."""
    model = CLIPModel(hf_config(clip)).eval()
    vision, text = model.vision_model, model.text_model
    with torch.no_grad():
        vision.embeddings.class_embedding.copy_(clip.visual.class_embedding)
        vision.embeddings.patch_embedding.weight.copy_(clip.visual.conv1.weight)
        vision.embeddings.position_embedding.weight.copy_(clip.visual.positional_embedding)
        text.embeddings.token_embedding.weight.copy_(clip.token_embedding.weight)
        text.embeddings.position_embedding.weight.copy_(clip.positional_embedding)
        for mine, theirs in (
            (vision.pre_layrnorm, clip.visual.ln_pre),
            (vision.post_layernorm, clip.visual.ln_post),
            (text.final_layer_norm, clip.ln_final),
        ):
            mine.load_state_dict(theirs.state_dict())
        for encoder, blocks in (
            (vision.encoder, clip.visual.transformer.resblocks),
            (text.encoder, clip.transformer.resblocks),
        ):
            for layer, block in zip(encoder.layers, blocks, strict=True):
                fill_block(layer, block)
        model.visual_projection.weight.copy_(clip.visual.proj.T)
        model.text_projection.weight.copy_(clip.text_projection.T)
        model.logit_scale.copy_(clip.logit_scale)
    return model


def hf_config(clip: Any) -> CLIPConfig:
    """Return the configuration of `clip` in Hugging Face's words."""
    visual = clip.visual
    act = {"QuickGELU": "quick_gelu", "GELU": "gelu"}[
        type(visual.transformer.resblocks[0].mlp.gelu).__name__
    ]
    return CLIPConfig(
        vision_config={
            **tower_config(visual.transformer.resblocks, act),
            "image_size": visual.image_size[0],
            "patch_size": visual.patch_size[0],
        },
        text_config={
            **tower_config(clip.transformer.resblocks, act),
            "vocab_size": clip.vocab_size,
            "max_position_embeddings": clip.context_length,
            "eos_token_id": clip.vocab_size - 1,
            "bos_token_id": clip.vocab_size - 2,
        },
        projection_dim=visual.proj.shape[1],
    )


def tower_config(blocks: Any, act: str) -> dict[str, Any]:
    """Return what both towers are described by."""
    return {
        "hidden_size": blocks[0].attn.embed_dim,
        "intermediate_size": blocks[0].mlp.c_fc.out_features,
        "num_hidden_layers": len(blocks),
        "num_attention_heads": blocks[0].attn.num_heads,
        "layer_norm_eps": blocks[0].ln_1.eps,
        "hidden_act": act,
    }


def fill_block(layer: nn.Module, block: Any) -> None:
    """Copy one block's weights; open_clip stacks q, k and v."""
    weights: dict[str, Tensor] = {}
    for kind in ("weight", "bias"):
        stacked = getattr(block.attn, f"in_proj_{kind}")
        for name, part in zip("qkv", stacked.chunk(3), strict=True):
            weights[f"self_attn.{name}_proj.{kind}"] = part
        weights[f"self_attn.out_proj.{kind}"] = getattr(block.attn.out_proj, kind)
        weights[f"mlp.fc1.{kind}"] = getattr(block.mlp.c_fc, kind)
        weights[f"mlp.fc2.{kind}"] = getattr(block.mlp.c_proj, kind)
        weights[f"layer_norm1.{kind}"] = getattr(block.ln_1, kind)
        weights[f"layer_norm2.{kind}"] = getattr(block.ln_2, kind)
    layer.load_state_dict(weights)
