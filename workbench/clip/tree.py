"""The tree of HookPoints that gives a tower's inside its names, and the tower's key figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint

from workbench.clip import split


@dataclass(frozen=True)
class TowerConfig:
    """What TransformerLens's helpers ask a model's `cfg` for."""

    model_name: str
    n_layers: int
    n_heads: int
    d_model: int
    d_head: int
    d_mlp: int
    n_ctx: int
    act_fn: str
    eps: float
    normalization_type: str = "LN"
    positional_embedding_type: str = "standard"
    attn_only: bool = False
    parallel_attn_mlp: bool = False
    final_rms: bool = False


class SiteTree(nn.Module):
    """A node of the tree of HookPoints. Knows the original module whose values it names."""

    def __init__(self, names: Sequence[str], original: nn.Module | None = None) -> None:
        super().__init__()
        # In a tuple, so that the weights are not registered (and saved, and moved) twice.
        self._original = (original,)
        children: dict[str, list[str]] = {}
        for name in names:
            child, _, rest = name.partition(".")
            if rest:
                children.setdefault(child, []).append(rest)
            else:
                self.add_module(name, HookPoint())
        for child, rests in children.items():
            self.add_module(child, SiteTree(rests, original))

    @property
    def W_O(self) -> Float[Tensor, "head d_head d_model"]:
        """The output projection of this block's attention, per head (before a LayerScale)."""
        return split.output_weights(cast(Any, self._original[0]).attn)

    @property
    def b_O(self) -> Float[Tensor, "d_model"]:
        """What the bias of this block's attention adds to the residual stream."""
        block = cast(Any, self._original[0])
        return cast(Tensor, block.attn.out_proj.bias * split.layer_scale(block.ls_1))

    @property
    def W_out(self) -> Float[Tensor, "d_mlp d_model"]:
        """What each MLP neuron of this block writes to the residual stream, per unit."""
        block = cast(Any, self._original[0])
        return cast(Tensor, block.mlp.c_proj.weight.T * split.layer_scale(block.ls_2))

    @property
    def b_out(self) -> Float[Tensor, "d_model"]:
        """What the bias of this block's MLP adds to the residual stream."""
        block = cast(Any, self._original[0])
        return cast(Tensor, block.mlp.c_proj.bias * split.layer_scale(block.ls_2))
