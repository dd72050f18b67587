"""Directions: what a neuron itself writes towards the joint space, and meaningless ones like it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.clip.sites import kind_of, layer_of
from workbench.clip.split import layer_scale
from workbench.clip.tree import SiteTree
from workbench.errors import SiteError
from workbench.excavation.settings import RESIDUAL
from workbench.neurons.attribution.readout import centred_pull
from workbench.neurons.labels.profiles import check_neurons

CHANNELS = (*RESIDUAL, "ln_pre.hook_normalized", "hook_attn_out", "hook_mlp_out")
"""Kinds of sites whose neurons are channels of the residual stream itself."""

WRITERS = ("mlp.hook_post", "attn.hook_z")
"""Kinds of sites whose neurons write a row of weights to the residual stream."""

_BLOCK = 1 << 22  # numbers at once


@dataclass(frozen=True, eq=False)
class Directions:
    """What a unit of each neuron adds to the residual stream, and how that reaches the end.

    `vectors` are in the stream, `readout` takes them through the frozen final LayerNorm and the
    projection. The LayerNorm's scale stretches all of a token alike, so it leaves cosines as they
    are, and is left out. `axes`: the neurons are the stream's own channels.
    """

    vectors: Float[Tensor, "neuron d_model"] = field(repr=False)
    readout: Float[Tensor, "d_embed d_model"] = field(repr=False)
    axes: bool = False

    @classmethod
    @torch.no_grad()
    def of(cls, model: HookedCLIP, neurons: NeuronSet) -> "Directions":
        """Return the directions of some neurons of a model, on the CPU.

        A residual channel's is its own axis, an MLP neuron's its row of the output weights, that
        of a channel of attention's `hook_z` its row of the head's output weights. Raises
        `SiteError` for another site: what is there reaches the end only by way of others.
        """
        check_neurons(model, neurons)
        kind, layer = kind_of(neurons.site), layer_of(neurons.site)
        rows = list(neurons.indices)
        identity = torch.eye(model.d_embed, device=model.device)
        readout = centred_pull(model, identity).cpu()
        if kind in CHANNELS:
            return cls(torch.eye(model.d_model)[rows], readout, axes=True)
        if kind not in WRITERS or layer is None:
            raise SiteError(
                f"neurons at {neurons.site} write nothing to the residual stream themselves, so "
                "the text tower cannot read a direction of theirs. Ask for methods=('dissect',), "
                f"or choose a site such as blocks.{layer or 0}.mlp.hook_post."
            )
        block = cast(SiteTree, model.blocks[layer])
        if kind == "mlp.hook_post":
            weights = block.W_out
        else:
            gains = layer_scale(model.visual.transformer.resblocks[layer].ls_1)
            weights = (block.W_O * gains).flatten(0, 1)
        return cls(weights[rows].detach().float().cpu(), readout)

    def embedded(self) -> Float[Tensor, "neuron d_embed"]:
        """Return the directions in the joint space."""
        return self.vectors @ self.readout.T

    def meaningless(
        self, draws: int, seed: int, width: int
    ) -> Iterator[Float[Tensor, "draw neuron d_embed"]]:
        """Yield directions of the same kind that mean nothing, in the joint space, part by part.

        Each draw moves the entries of a row of weights to other channels: as large, as sparse,
        but of no concern to the readout. A channel's own axis has one entry, so the stream is
        turned at random instead; all channels then share a draw, and the neuron axis is 1 long.
        `width` is how many numbers the caller keeps per direction, to bound its memory.
        """
        rng = np.random.default_rng(seed)
        count = 1 if self.axes else len(self.vectors)
        d_model = self.vectors.shape[1]
        step = max(1, _BLOCK // (count * max(width, d_model)))
        for start in range(0, draws, step):
            part = min(step, draws - start)
            if self.axes:
                turned = rng.standard_normal((part, 1, d_model)).astype(np.float32)
                vectors = torch.from_numpy(turned)
            else:
                moved = rng.permuted(np.tile(np.arange(d_model), (part, 1)), axis=1)
                vectors = self.vectors[:, torch.from_numpy(moved)].transpose(0, 1)
            yield vectors @ self.readout.T
