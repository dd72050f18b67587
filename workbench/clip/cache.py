"""TransformerLens's ActivationCache, told what differs in a CLIP image tower.

Two things differ. The residual stream starts at the output of `ln_pre`, not at the sum of the
embeddings. And the scale of a LayerNorm is not a site of its own here (the original modules compute
it inside), so it is computed from the cached residual stream that entered the norm.
"""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from transformer_lens import ActivationCache
from transformer_lens.utilities import Slice

from workbench.clip.split import layer_scale
from workbench.errors import SiteError


class ClipCache(ActivationCache):
    """The activations of one forward, by site name or TransformerLens shorthand.

    `cache["blocks.3.mlp.hook_post"]`, `cache["post", 3]` and `cache["resid_post", -1]` work, and so
    do the helpers: `decompose_resid`, `accumulated_resid`, `stack_head_results`,
    `get_full_resid_decomposition`, with `apply_ln` and `pos_slice`. Shapes are
    `[image, token, ...]`.
    """

    def __init__(
        self, cache_dict: dict[str, Tensor], model: Any, has_batch_dim: bool = True
    ) -> None:
        super().__init__(cache_dict, model, has_batch_dim)
        # The helpers would add these two to the residual stream; here ln_pre comes between.
        self.has_embed = self.has_pos_embed = False

    def __getitem__(self, key: Any) -> Tensor:
        try:
            return cast(Tensor, super().__getitem__(key))
        except KeyError as error:
            raise SiteError(
                f"{error.args[0]} was not recorded. Run again with names_filter including it; "
                f"recorded: {', '.join(list(self.cache_dict)[:5])}"
                f"{', ...' if len(self.cache_dict) > 5 else ''}."
            ) from None

    def __contains__(self, key: object) -> bool:
        return key in self.cache_dict

    def __repr__(self) -> str:
        held = sum(value.nbytes for value in self.cache_dict.values())
        return f"ClipCache({len(self.cache_dict)} activations, {held / 2**20:.1f} MiB)"

    def decompose_resid(
        self,
        layer: int | None = None,
        mlp_input: bool = False,
        mode: str = "all",
        apply_ln: bool = False,
        pos_slice: Any = None,
        incl_embeds: bool = True,
        return_labels: bool = False,
    ) -> Any:
        """Split the residual stream that enters `layer` into the parts that wrote to it.

        Returns `[component, image, token, d_model]`: the output of `ln_pre`, then each block's
        attention and MLP output; with `mode="all"` they sum to the residual stream. With
        `return_labels` also their names. See TransformerLens for the arguments.
        """
        cut = pos_slice if isinstance(pos_slice, Slice) else Slice(pos_slice)
        target: int = self.model.cfg.n_layers if layer is None or layer == -1 else layer
        parts = [("ln_pre", "ln_pre.hook_normalized")] if incl_embeds else []
        for index in range(target + int(mlp_input)):
            if mode != "mlp":
                parts.append((f"{index}_attn_out", f"blocks.{index}.hook_attn_out"))
            if mode != "attn" and index < target:
                parts.append((f"{index}_mlp_out", f"blocks.{index}.hook_mlp_out"))
        if not parts:
            raise SiteError(
                f"nothing of mode {mode!r} writes to the residual stream before layer 0."
            )
        stack = torch.stack([cut.apply(self[site], dim=-2) for _, site in parts])
        if apply_ln:
            stack = self.apply_ln_to_stack(
                stack, target, pos_slice=cut, mlp_input=mlp_input, has_batch_dim=self.has_batch_dim
            )
        return (stack, [label for label, _ in parts]) if return_labels else stack

    def stack_head_results(self, *args: Any, **kwargs: Any) -> Any:
        """Stack what every head writes to the residual stream, `[head, image, token, d_model]`.

        See TransformerLens for the arguments.
        """
        self._ensure_head_results()
        resblocks = self.model.visual.transformer.resblocks
        results = [f"blocks.{layer}.attn.hook_result" for layer in range(len(resblocks))]
        scaled = {
            site: self[site] * layer_scale(block.ls_1)
            for site, block in zip(results, resblocks, strict=True)
        }
        view = ActivationCache({**self.cache_dict, **scaled}, self.model, self.has_batch_dim)
        view._get_cached_ln_scale = self._get_cached_ln_scale
        return view.stack_head_results(*args, **kwargs)

    def get_full_resid_decomposition(self, *args: Any, **kwargs: Any) -> Any:
        """Split the residual stream into `ln_pre`, every head, every MLP (or MLP neuron), biases.

        Returns `[component, image, token, d_model]`; see TransformerLens for the arguments.
        """
        # Let the base class take the output of ln_pre for what it calls the embedding.
        view = ClipCache(
            {**self.cache_dict, "hook_embed": self["ln_pre.hook_normalized"]},
            self.model,
            self.has_batch_dim,
        )
        view.has_embed = True
        found = ActivationCache.get_full_resid_decomposition(view, *args, **kwargs)
        if isinstance(found, tuple):
            stack, labels = found
            return stack, ["ln_pre" if label == "embed" else label for label in labels]
        return found

    def _get_cached_ln_scale(
        self, layer: int | None, mlp_input: bool, pos_slice: Any, batch_slice: Any = None
    ) -> Float[Tensor, "*image token 1"]:
        n_layers = self.model.cfg.n_layers
        if layer is None or layer == n_layers:
            entering = self[f"blocks.{n_layers - 1}.hook_resid_post"]
        else:
            entering = self[f"blocks.{layer}.hook_resid_{'mid' if mlp_input else 'pre'}"]
        scale = (entering.var(dim=-1, keepdim=True, correction=0) + self.model.cfg.eps).sqrt()
        scale = pos_slice.apply(scale, dim=-2)
        if batch_slice is not None and self.has_batch_dim:
            scale = batch_slice.apply(scale)
        return cast(Tensor, scale)
