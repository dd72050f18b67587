"""Which image towers can be looked into: open_clip's plain ViT, nothing that only resembles it."""

from typing import Any

from torch import nn

from workbench.errors import ModelError


def check_plain_vit(clip: Any, name: str) -> None:
    """Raise `ModelError`, naming the part that differs, unless the image tower is a plain ViT.

    Plain means open_clip's `VisionTransformer` with a CLS token or average pooling, made of
    `ResidualAttentionBlock`s around `torch.nn.MultiheadAttention`.
    """
    from open_clip.transformer import ResidualAttentionBlock, VisionTransformer

    visual = getattr(clip, "visual", None)
    if not isinstance(visual, VisionTransformer):
        kind = type(getattr(visual, "trunk", visual)).__name__
        raise _refusal(name, f"its image tower is a {kind}")
    if visual.attn_pool is not None or visual.pool_type not in ("tok", "avg"):
        raise _refusal(name, "it pools its tokens by attention")
    if not getattr(visual.transformer, "batch_first", True):
        raise _refusal(name, "its blocks put tokens before images (batch_first is off)")
    if visual.proj is None:
        raise _refusal(name, "its projection into the joint embedding was pruned")
    if not len(visual.transformer.resblocks):
        raise _refusal(name, "it has no blocks")
    for layer, block in enumerate(visual.transformer.resblocks):
        if type(block) is not ResidualAttentionBlock or not isinstance(
            block.attn, nn.MultiheadAttention
        ):
            raise _refusal(name, f"its block {layer} is a {type(block).__name__}")


def _refusal(name: str, reason: str) -> ModelError:
    return ModelError(
        f"{name} cannot be hooked: {reason}, and only open_clip's plain ViT has the sites named "
        "here. `workbench models` lists the models that do."
    )
