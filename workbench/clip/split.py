"""The parts of a tower that no single module computes, run step by step.

Three stretches of open_clip's forward hide their intermediate values: the embedding (patches, CLS,
position are joined inline), a block (the residual stream between attention and MLP has no module),
and the fused attention. Each function here runs one of them with the original weights and offers
every intermediate value to a *listener*.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from workbench.clip.sites import ATTENTION_SITES

Listener = Callable[[str, Tensor], Tensor]
"""Given a site's short name and its value, returns the value to go on with."""


def embed(
    visual: Any, x: Float[Tensor, "image 3 height width"], listen: Listener
) -> Float[Tensor, "image token d_model"]:
    """Return the residual stream that enters block 0, as open_clip's `_embeds` does."""
    patches = visual.conv1(x).flatten(2).transpose(1, 2)
    cls = visual.class_embedding.to(patches.dtype).expand(patches.shape[0], 1, -1)
    tokens = listen("hook_embed", torch.cat([cls, patches], dim=1))
    # A copy for every image, so that an edit in place cannot reach the weights.
    position = visual.positional_embedding.to(tokens.dtype).expand_as(tokens).clone()
    tokens = tokens + listen("hook_pos_embed", position)
    return listen("ln_pre.hook_normalized", visual.ln_pre(visual.patch_dropout(tokens)))


def block(
    resblock: Any, x: Float[Tensor, "image token d_model"], listen: Listener
) -> Float[Tensor, "image token d_model"]:
    """Run one residual block with its middle open: bit-identical to the block itself."""
    middle = listen("hook_resid_mid", x + resblock.ls_1(resblock.attention(resblock.ln_1(x))))
    out: Tensor = middle + resblock.ls_2(resblock.mlp(resblock.ln_2(middle)))
    return out


def attention(
    attn: nn.MultiheadAttention,
    x: Float[Tensor, "image token d_model"],
    fused: Float[Tensor, "image token d_model"],
    listening: set[str],
    listen: Listener,
) -> Float[Tensor, "image token d_model"]:
    """Offer the inside of an attention layer to listeners and return the layer's output.

    `fused` is what the layer itself has computed for `x`. It is returned untouched, bit for bit,
    as long as the listeners only read and no gradient passes through what they read; otherwise
    the output is computed from the (edited) intermediate values. `listening` holds the short names
    of the sites with listeners; nothing beyond the last of them is computed for reading alone.
    """
    heads, width = attn.num_heads, attn.head_dim
    listened = [site for site in ATTENTION_SITES if site in listening]
    last = ATTENTION_SITES.index(listened[-1])
    changed = False

    def offer(site: str, value: Tensor) -> Tensor:
        nonlocal changed
        if site not in listening:
            return value
        # In inference mode tensors carry no version counter: compare with a copy instead.
        before = value.clone() if value.is_inference() else value._version
        heard = listen(site, value)
        same = heard is value and (
            torch.equal(before, value) if isinstance(before, Tensor) else before == value._version
        )
        changed = changed or not same or heard.requires_grad
        return heard

    def done(site: str) -> bool:
        return not changed and ATTENTION_SITES.index(site) >= last

    split = F.linear(x, attn.in_proj_weight, attn.in_proj_bias).unflatten(-1, (3, heads, width))
    q, k, v = (
        offer(f"attn.hook_{name}", part.contiguous())
        for name, part in zip("qkv", split.unbind(2), strict=True)
    )
    if done("attn.hook_v"):
        return fused
    scores = torch.einsum("iqhd,ikhd->ihqk", q * width**-0.5, k)
    scores = offer("attn.hook_attn_scores", scores)
    pattern = offer("attn.hook_pattern", scores.softmax(dim=-1))
    if done("attn.hook_pattern"):
        return fused
    z = offer("attn.hook_z", torch.einsum("ihqk,ikhd->iqhd", pattern, v))
    if done("attn.hook_z"):
        return fused
    if "attn.hook_result" not in listening:
        return cast(Tensor, attn.out_proj(z.flatten(2)))
    result = torch.einsum("iqhd,hdm->iqhm", z, output_weights(attn))
    result = offer("attn.hook_result", result)
    if not changed:
        return fused
    return result.sum(dim=2) + attn.out_proj.bias


def output_weights(attn: nn.MultiheadAttention) -> Float[Tensor, "head d_head d_model"]:
    """Return the output projection as one matrix per head (TransformerLens's `W_O`)."""
    weight: Tensor = attn.out_proj.weight
    heads: Tensor = weight.T.unflatten(0, (attn.num_heads, attn.head_dim))
    return heads


def layer_scale(module: nn.Module) -> Tensor | float:
    """Return the gains that a block's `ls_1` or `ls_2` applies: 1 where it has no LayerScale."""
    return cast(Tensor, getattr(module, "gamma", 1.0))
