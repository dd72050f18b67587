"""A second CLIP image tower, written out by hand: what sites must read, and what edits must do.

Nothing here comes from open_clip or from the workbench: the forward is computed from the weights
alone, one formula at a time, with no fused kernel and no module. It is slow; it is the reference.

    image_embed, sites = plain_forward(weights, x, heads=12, activation="gelu", edits={site: fn})

`weights` is the state dict of the image tower (`clip.visual.state_dict()`) or of the whole CLIP
(keys that start with `visual.`). The dtype of the weights is the dtype of the computation: pass
them in fp64, with an fp64 `x`, to settle a doubt.

Sites carry TransformerLens names, in the order in which the forward meets them:

    hook_embed                      [image, token, d_model]   CLS and patch embeddings, no positions
    hook_pos_embed                  [image, token, d_model]   the positions, expanded over images
    ln_pre.hook_normalized          [image, token, d_model]   full output of the LayerNorm
    blocks.L.hook_resid_pre         [image, token, d_model]
    blocks.L.ln1.hook_normalized    [image, token, d_model]
    blocks.L.attn.hook_q, k, v, z   [image, token, head, d_head]
    blocks.L.attn.hook_attn_scores  [image, head, query, key] already divided by sqrt(d_head)
    blocks.L.attn.hook_pattern      [image, head, query, key] rows sum to one
    blocks.L.attn.hook_result       [image, token, head, d_model] z of a head by its W_O
    blocks.L.hook_attn_out          [image, token, d_model]   what is added, after LayerScale
    blocks.L.hook_resid_mid         [image, token, d_model]
    blocks.L.ln2.hook_normalized    [image, token, d_model]
    blocks.L.mlp.hook_pre, post     [image, token, d_mlp]
    blocks.L.hook_mlp_out           [image, token, d_model]   what is added, after LayerScale
    blocks.L.hook_resid_post        [image, token, d_model]
    ln_post.hook_normalized         [image, token, d_model]   of all tokens
    hook_image_embed                [image, d_embed]          not normalised

An edit takes the value at its site and returns the value that everything later sees; the sites that
are returned are the values after editing.
"""

import math
from collections.abc import Callable, Container, Mapping

import torch
from torch import Tensor

Edit = Callable[[Tensor], Tensor]


def plain_forward(
    weights: Mapping[str, Tensor],
    x: Tensor,
    *,
    heads: int,
    activation: str,
    eps: float = 1e-5,
    pool: str = "tok",
    norm_after_pool: bool = False,
    edits: Mapping[str, Edit] | None = None,
    keep: Container[str] | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the image embedding `[image, d_embed]` and the sites by name, in forward order.

    `x`: `[image, 3, height, width]`. `activation`: "gelu" or "quickgelu". `keep` names the sites
    worth holding on to (all of them if None); edits apply wherever they are asked for. An edit at
    a site that does not exist raises KeyError, so that no test passes because nothing happened.
    """
    if any(key.startswith("visual.") for key in weights):
        weights = {
            key.removeprefix("visual."): value
            for key, value in weights.items()
            if key.startswith("visual.")
        }
    sites: dict[str, Tensor] = {}
    waiting = dict(edits or {})

    def at(site: str, value: Tensor) -> Tensor:
        if site in waiting:
            value = waiting.pop(site)(value)
        if keep is None or site in keep:
            sites[site] = value
        return value

    patches = at("hook_embed", embed(x, weights["conv1.weight"], weights["class_embedding"]))
    positions = weights["positional_embedding"].expand(len(x), -1, -1)
    residual = patches + at("hook_pos_embed", positions)
    if "ln_pre.weight" in weights:
        residual = layer_norm(residual, weights, "ln_pre", eps)
    residual = at("ln_pre.hook_normalized", residual)

    depth = 1 + max(int(key.split(".")[2]) for key in weights if ".resblocks." in key)
    for layer in range(depth):
        p = f"transformer.resblocks.{layer}."
        s = f"blocks.{layer}."
        residual = at(s + "hook_resid_pre", residual)

        normalized = at(s + "ln1.hook_normalized", layer_norm(residual, weights, p + "ln_1", eps))
        w_q, w_k, w_v = weights[p + "attn.in_proj_weight"].chunk(3)
        b_q, b_k, b_v = weights[p + "attn.in_proj_bias"].chunk(3)
        q = at(s + "attn.hook_q", split_heads(normalized @ w_q.T + b_q, heads))
        k = at(s + "attn.hook_k", split_heads(normalized @ w_k.T + b_k, heads))
        v = at(s + "attn.hook_v", split_heads(normalized @ w_v.T + b_v, heads))
        scores = torch.einsum("iqhd,ikhd->ihqk", q, k) / math.sqrt(q.shape[-1])
        scores = at(s + "attn.hook_attn_scores", scores)
        exponentials = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
        pattern = exponentials / exponentials.sum(dim=-1, keepdim=True)
        pattern = at(s + "attn.hook_pattern", pattern)
        z = at(s + "attn.hook_z", torch.einsum("ihqk,ikhd->iqhd", pattern, v))
        w_o = weights[p + "attn.out_proj.weight"]  # [d_model, head * d_head]
        per_head = w_o.reshape(w_o.shape[0], heads, -1)
        result = at(s + "attn.hook_result", torch.einsum("iqhd,mhd->iqhm", z, per_head))
        attn_out = result.sum(dim=2) + weights[p + "attn.out_proj.bias"]
        attn_out = attn_out * weights.get(p + "ls_1.gamma", torch.ones_like(attn_out[0, 0]))
        residual = residual + at(s + "hook_attn_out", attn_out)
        residual = at(s + "hook_resid_mid", residual)

        normalized = at(s + "ln2.hook_normalized", layer_norm(residual, weights, p + "ln_2", eps))
        pre = normalized @ weights[p + "mlp.c_fc.weight"].T + weights[p + "mlp.c_fc.bias"]
        pre = at(s + "mlp.hook_pre", pre)
        post = at(s + "mlp.hook_post", ACTIVATIONS[activation](pre))
        mlp_out = post @ weights[p + "mlp.c_proj.weight"].T + weights[p + "mlp.c_proj.bias"]
        mlp_out = mlp_out * weights.get(p + "ls_2.gamma", torch.ones_like(mlp_out[0, 0]))
        residual = residual + at(s + "hook_mlp_out", mlp_out)
        residual = at(s + "hook_resid_post", residual)

    if norm_after_pool:
        residual = pooled(residual, pool)
    normalized = at("ln_post.hook_normalized", layer_norm(residual, weights, "ln_post", eps))
    if not norm_after_pool:
        normalized = pooled(normalized, pool)
    image_embed = at("hook_image_embed", normalized @ weights["proj"])
    if waiting:
        raise KeyError(f"no such site to edit: {sorted(waiting)}")
    return image_embed, sites


def embed(x: Tensor, kernel: Tensor, class_embedding: Tensor) -> Tensor:
    """[image, token, d_model]: CLS, then the patches row by row, each as one dot product."""
    width, _, height_p, width_p = kernel.shape
    images, channels, height, breadth = x.shape
    rows, columns = height // height_p, breadth // width_p
    tiles = x.reshape(images, channels, rows, height_p, columns, width_p)
    tiles = tiles.permute(0, 2, 4, 1, 3, 5).reshape(images, rows * columns, -1)
    patches = tiles @ kernel.reshape(width, -1).T
    return torch.cat([class_embedding.expand(images, 1, -1), patches], dim=1)


def layer_norm(x: Tensor, weights: Mapping[str, Tensor], name: str, eps: float) -> Tensor:
    """Return x, centred and scaled over its last axis, times weight, plus bias."""
    centred = x - x.mean(dim=-1, keepdim=True)
    deviation = torch.sqrt((centred * centred).mean(dim=-1, keepdim=True) + eps)
    return centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def pooled(x: Tensor, pool: str) -> Tensor:
    """[image, token, d_model] -> [image, d_model]."""
    return x[:, 0] if pool == "tok" else x[:, 1:].mean(dim=1)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[image, token, d_model] -> [image, token, head, d_head]."""
    return x.reshape(*x.shape[:-1], heads, -1)


def gelu(x: Tensor) -> Tensor:
    """x times the probability that a standard normal variable lies below x."""
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def quickgelu(x: Tensor) -> Tensor:
    """OpenAI's approximation of GELU, x sigmoid(1.702 x)."""
    return x / (1 + torch.exp(-1.702 * x))


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": gelu, "quickgelu": quickgelu}
