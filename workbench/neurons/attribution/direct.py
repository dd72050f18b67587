"""Direct effects: what every head and MLP neuron itself says to the similarity with a text.

All that wrote to the residual stream (the embedding after `ln_pre`, every head, every MLP neuron,
the biases) reaches the similarity through the frozen final LayerNorm (`readout.py`), so the parts
sum to it: direct logit attribution (Elhage et al. 2021), for CLIP as in Gandelsman et al. (2024).
What later blocks make of a part is theirs, not in its direct effect.
"""

import html
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.sites import kind_of, layer_of
from workbench.clip.split import layer_scale
from workbench.clip.tree import SiteTree
from workbench.errors import ModelError
from workbench.neurons.attribution.readout import FrozenReadout
from workbench.neurons.attribution.result import on_cpu, relative
from workbench.neurons.attribution.targets import TextSimilarity, token_of

CHUNK = 16


@dataclass(frozen=True, eq=False)
class DirectEffects:
    """The parts of a similarity, in double precision on the CPU; all of them sum to `effect`.

    `embedding` is the output of `ln_pre`, `heads` and `neurons` are without their layer's bias,
    `bias` is the final LayerNorm's. `effect` is the similarity that the model itself gives.
    """

    target: str
    embedding: Float[Tensor, "image"]
    heads: Float[Tensor, "image layer head"]
    attention_bias: Float[Tensor, "image layer"]
    neurons: Float[Tensor, "image layer d_mlp"]
    mlp_bias: Float[Tensor, "image layer"]
    bias: Float[Tensor, "image"]
    effect: Float[Tensor, "image"]

    @property
    def completeness_error(self) -> Float[Tensor, "image"]:
        """By how much the parts miss the similarity."""
        return (self.components().sum(1) - self.effect).abs()

    @property
    def relative_error(self) -> float:
        """The worst image's completeness error over its similarity."""
        return relative(self.completeness_error, self.effect)

    def components(self) -> Float[Tensor, "image component"]:
        """Return the effect of `ln_pre`, of each layer's attention and MLP in turn, of the bias."""
        attention = self.heads.sum(2) + self.attention_bias
        layers = torch.stack([attention, self.neurons.sum(2) + self.mlp_bias], dim=2)
        return torch.cat([self.embedding[:, None], layers.flatten(1), self.bias[:, None]], dim=1)

    def strongest(self, image: int = 0, most: int = 5) -> list[tuple[str, float]]:
        """Return the heads and MLP neurons with the largest effects, whatever the sign.

        Pairs of a name (`blocks.2.attn head 1`, `blocks.2.mlp.hook_post:17`) and the effect.
        """
        heads, neurons = self.heads[image], self.neurons[image]
        values = torch.cat([heads.flatten(), neurons.flatten()])
        found = []
        for rank in values.abs().argsort(descending=True, stable=True)[:most].tolist():
            if rank < heads.numel():
                layer, index = divmod(rank, heads.shape[1])
                name = f"blocks.{layer}.attn head {index}"
            else:
                layer, index = divmod(rank - heads.numel(), neurons.shape[1])
                name = f"blocks.{layer}.mlp.hook_post:{index}"
            found.append((name, float(values[rank])))
        return found

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{value:+.4g}</td></tr>"
            for name, value in self.strongest()
        )
        return (
            f"<table><caption>direct effects on the {html.escape(self.target)}: "
            f"{float(self.effect[0]):.4g}, completeness error {self.relative_error:.1e} of it"
            f"{'' if len(self.effect) == 1 else f'; image 0 of {len(self.effect)}'}</caption>"
            f"<thead><tr><th>part</th><th>effect</th></tr></thead><tbody>{rows}</tbody></table>"
        )


@torch.no_grad()
def direct_effects(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    target: TextSimilarity,
    *,
    chunk: int = CHUNK,
) -> DirectEffects:
    """Return the direct effect of every part of the tower on a similarity, exactly.

    Runs the tower twice per chunk of images and keeps one token's activations of one layer.
    Raises `ModelError` for the similarity of whole images where the tower averages its patches:
    each patch then has a scale of its own.
    """
    if target.patch is None and model.visual.pool_type != "tok":
        raise ModelError(
            f"{model.name} averages its patches, so no single LayerNorm scale can be frozen for "
            "the image. Take the similarity at a patch: TextSimilarity.of(..., patch=(0, 0))."
        )
    token = token_of(model, target.patch)
    parts = [_effects(model, images, target, token) for images in pixels.split(max(1, chunk))]
    return DirectEffects(
        target.name, **{name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    )


def _effects(
    model: HookedCLIP, pixels: Tensor, target: TextSimilarity, token: int
) -> dict[str, Tensor]:
    last = f"blocks.{model.n_layers - 1}.hook_resid_post"
    end = model.activations(pixels, [last, *target.sites])
    readout = FrozenReadout.of(model, on_cpu(end[last][:, token]), on_cpu(target.towards))
    found: dict[str, list[Tensor]] = {"embedding": [], "heads": [], "neurons": []}

    def look(site: str, value: Tensor) -> None:
        here = on_cpu(value[:, token])
        if kind_of(site) == "ln_pre.hook_normalized":
            found["embedding"].append((here * readout.pull).sum(-1))
            return
        layer = layer_of(site)
        assert layer is not None
        block = cast(SiteTree, model.blocks[layer])
        if kind_of(site) == "attn.hook_z":
            gains = layer_scale(model.visual.transformer.resblocks[layer].ls_1)
            pulls = torch.einsum("hdm,im->ihd", on_cpu(block.W_O * gains), readout.pull)
            found["heads"].append((here * pulls).sum(-1))
        else:
            found["neurons"].append(here * (readout.pull @ on_cpu(block.W_out).T))

    model.visit(
        pixels, ["ln_pre.hook_normalized", "blocks.*.attn.hook_z", "blocks.*.mlp.hook_post"], look
    )
    attention_bias, mlp_bias = (
        readout.pull @ torch.stack([on_cpu(getattr(block, name)) for block in model.blocks]).T
        for name in ("b_O", "b_out")
    )
    return {
        "embedding": found["embedding"][0],
        "heads": torch.stack(found["heads"], dim=1),
        "attention_bias": attention_bias,
        "neurons": torch.stack(found["neurons"], dim=1),
        "mlp_bias": mlp_bias,
        "bias": readout.shift,
        "effect": on_cpu(target(end)),
    }
