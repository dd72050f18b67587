"""HookedCLIP: a CLIP whose inside has names.

The open_clip model stays as it is and computes everything. HookPoints, named as in TransformerLens,
are driven by forward hooks that are put on its modules for the length of one forward, and only
where somebody listens; with no listener the model runs as if it were not wrapped at all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens import HookedRootModule
from transformer_lens.hook_points import HookPoint

from workbench.clip import split
from workbench.clip.cache import ClipCache
from workbench.clip.facts import TowerFacts
from workbench.clip.sites import (
    ATTENTION_SITES,
    BLOCK_SITES,
    EMBEDDING_SITES,
    FINAL_SITES,
    NamesFilter,
    kind_of,
    reachable,
    refuse,
    select_sites,
    site_names,
)
from workbench.clip.towers import check_plain_vit
from workbench.clip.tree import SiteTree, TowerConfig
from workbench.errors import SettingError, SiteError

Hook = tuple[NamesFilter, Callable[..., Any]]


class _EnoughError(Exception):
    """Ends a forward whose last asked activation has been seen."""


class HookedCLIP(TowerFacts, HookedRootModule):
    """An open_clip CLIP with a plain ViT image tower, its inside named as in TransformerLens.

    Usually made by `workbench.load_model`. The weights are frozen (`requires_grad` off) and the
    model is in eval mode; gradients with respect to pixels and activations work.

    Args:
        clip: the open_clip model; it is neither copied nor changed otherwise.
        name: what to call it in results.
        tokenizer: from a list of texts to token ids `[text, token]`.
        mean, std: per-channel preprocessing constants of the image tower.
        source: where the weights came from, for certificates.
        folder: where the model brings files of its own, if it does.

    Raises `ModelError` if the image tower is not open_clip's plain ViT.
    """

    def __init__(
        self,
        clip: nn.Module,
        *,
        name: str,
        tokenizer: Callable[[list[str]], Tensor],
        mean: Sequence[float],
        std: Sequence[float],
        source: str = "weights given in memory",
        folder: Path | None = None,
    ) -> None:
        super().__init__()
        check_plain_vit(clip, name)
        self.clip = clip.eval().requires_grad_(False)
        self.model_name, self.source, self.folder = name, source, folder
        self.mean = cast(tuple[float, float, float], tuple(mean))
        self.std = cast(tuple[float, float, float], tuple(std))
        self._tokenizer = tokenizer
        resblocks = self.visual.transformer.resblocks
        first = resblocks[0]
        self.cfg = TowerConfig(
            model_name=name,
            n_layers=len(resblocks),
            n_heads=first.attn.num_heads,
            d_model=first.attn.embed_dim,
            d_head=first.attn.head_dim,
            d_mlp=first.mlp.c_fc.out_features,
            n_ctx=self.visual.positional_embedding.shape[0],
            act_fn={"QuickGELU": "quickgelu", "GELU": "gelu"}.get(
                type(first.mlp.gelu).__name__, type(first.mlp.gelu).__name__.lower()
            ),
            eps=first.ln_1.eps,
        )
        tree = SiteTree((*EMBEDDING_SITES, *FINAL_SITES))
        for child, module in tree.named_children():
            self.add_module(child, module)
        self.blocks = nn.ModuleList(SiteTree(BLOCK_SITES, resblock) for resblock in resblocks)
        self.setup()
        self.sites = tuple(self.hook_dict)

    def setup(self) -> None:
        """Name the HookPoints. TransformerLens's own would write names into open_clip's modules."""
        self.mod_dict = {name: module for name, module in self.named_modules() if name}
        points = {
            name: module for name, module in self.mod_dict.items() if isinstance(module, HookPoint)
        }
        self.hook_dict: dict[str, HookPoint] = {
            site: points[site] for site in site_names(self.cfg.n_layers)
        }
        for site, point in self.hook_dict.items():
            point.name = site

    def __repr__(self) -> str:
        height, width = self.image_size
        return (
            f"HookedCLIP({self.model_name!r}, {self.n_layers} layers x {self.d_model} channels, "
            f"{height}x{width} px in {self.grid[0]}x{self.grid[1]} patches, {self.activation}, "
            f"{str(self.dtype).removeprefix('torch.')} on {self.device}, {len(self.sites)} sites)"
        )

    # The forward pass.

    def forward(
        self,
        x: Tensor,
        *,
        start_at_layer: int | None = None,
        stop_at_layer: int | None = None,
    ) -> Tensor:
        """Return the image embedding `[image, d_embed]`, not normalised, as `encode_image` does.

        Args:
            x: pixels `[image, 3, height, width]`, preprocessed; or, with `start_at_layer`, the
                residual stream `[image, token, d_model]` that enters that block.
            start_at_layer: resume before this block.
            stop_at_layer: stop before this block and return the residual stream
                `[image, token, d_model]` that would enter it. Negative numbers count from the end.

        Raises `SettingError` for a layer the tower does not have or an input of the wrong shape.
        """
        start, stop = self._layer(start_at_layer), self._layer(stop_at_layer)
        self._check_input(x, start)
        listened = {
            name
            for name, point in self.hook_dict.items()
            if point._forward_hooks or point._backward_hooks
        }
        if not listened and start is None and stop is None:
            return cast(Tensor, self.visual(x))
        with self._drive(listened):
            if start is None:
                x = self._embed(x, listened)
            for layer in range(start or 0, self.n_layers if stop is None else stop):
                x = self._block(layer, x, listened)
            if stop is not None:
                return x
            pooled, _ = self.visual._pool(x)
            return self._offer("hook_image_embed", pooled @ self.visual.proj, listened)

    def _layer(self, layer: int | None) -> int | None:
        if layer is None:
            return None
        if not -self.n_layers <= layer <= self.n_layers:
            raise SettingError(
                f"layer {layer} is outside this tower: it has blocks 0 to {self.n_layers - 1}, "
                f"so layers go from 0 to {self.n_layers} (or from -{self.n_layers})."
            )
        return layer + self.n_layers if layer < 0 else layer

    def _check_input(self, x: Tensor, start: int | None) -> None:
        expected = (3, *self.image_size) if start is None else (self.cfg.n_ctx, self.d_model)
        if x.ndim != len(expected) + 1 or tuple(x.shape[1:]) != expected:
            what = "pixels" if start is None else f"a residual stream entering block {start}"
            raise SettingError(
                f"{what} must have shape [image, {', '.join(map(str, expected))}], "
                f"not {list(x.shape)}. Prepare pictures with workbench.prepare(images, model), or "
                "load the model with another image_size."
            )
        mixed = torch.is_autocast_enabled(self.device.type)
        if x.device != self.device or (x.dtype != self.dtype and not mixed):
            raise SettingError(
                f"the input is {x.dtype} on {x.device}, and {self.model_name} computes in "
                f"{self.dtype} on {self.device}. Prepare pictures with "
                "workbench.prepare(images, model), or move them with x.to(model.device, "
                "model.dtype)."
            )

    def _offer(self, site: str, value: Tensor, listened: set[str]) -> Tensor:
        return cast(Tensor, self.hook_dict[site](value)) if site in listened else value

    def _embed(self, x: Tensor, listened: set[str]) -> Tensor:
        if listened.isdisjoint(EMBEDDING_SITES):
            return cast(Tensor, self.visual._embeds(x))
        return split.embed(self.visual, x, partial(self._offer, listened=listened))

    def _block(self, layer: int, x: Tensor, listened: set[str]) -> Tensor:
        resblock, prefix = self.visual.transformer.resblocks[layer], f"blocks.{layer}."
        x = self._offer(prefix + "hook_resid_pre", x, listened)
        if prefix + "hook_resid_mid" in listened:
            x = split.block(resblock, x, lambda s, v: self._offer(prefix + s, v, listened))
        else:
            x = resblock(x)
        return self._offer(prefix + "hook_resid_post", x, listened)

    @contextmanager
    def _drive(self, listened: set[str]) -> Iterator[None]:
        """Hook the modules that compute the listened sites, for the length of one forward."""
        with ExitStack() as stack:

            def on(module: nn.Module, hook: Callable[[Any, Any, Any], Any]) -> None:
                stack.callback(module.register_forward_hook(hook).remove)

            for layer, resblock in enumerate(self.visual.transformer.resblocks):
                prefix = f"blocks.{layer}."
                here = {kind_of(site) for site in listened if site.startswith(prefix)}
                if not here:
                    continue
                for site, module in (
                    ("ln1.hook_normalized", resblock.ln_1),
                    ("hook_attn_out", resblock.ls_1),
                    ("ln2.hook_normalized", resblock.ln_2),
                    ("mlp.hook_pre", resblock.mlp.c_fc),
                    ("mlp.hook_post", resblock.mlp.gelu),
                    ("hook_mlp_out", resblock.ls_2),
                ):
                    if site in here:
                        on(module, self._output_hook(prefix + site))
                if not here.isdisjoint(ATTENTION_SITES):
                    on(resblock.attn, self._attention_hook(prefix, here))
            if "ln_post.hook_normalized" in listened:
                on(self.visual.ln_post, self._output_hook("ln_post.hook_normalized"))
            yield

    def _output_hook(self, site: str) -> Callable[[Any, Any, Any], Any]:
        point = self.hook_dict[site]
        return lambda _module, _inputs, output: point(output)

    def _attention_hook(self, prefix: str, here: set[str]) -> Callable[[Any, Any, Any], Any]:
        def hook(attn: nn.MultiheadAttention, inputs: Any, output: Any) -> Any:
            listen = lambda site, value: self.hook_dict[prefix + site](value)  # noqa: E731
            return split.attention(attn, inputs[0], output[0], here, listen), output[1]

        return hook

    # TransformerLens's surface, with names checked and the gaps filled.

    def select(self, names: NamesFilter) -> list[str]:
        """Return the sites a name, glob, list or function picks; `SiteError` if it picks none."""
        if isinstance(names, str) and names in self.hook_dict:
            return [names]
        return select_sites(names, self.sites)

    def remove_all_hook_fns(self, *args: Any, **kwargs: Any) -> None:
        """Remove hooks; see TransformerLens. Only HookPoints that have some are visited."""
        for point in self.hook_dict.values():
            if point.fwd_hooks or point.bwd_hooks:
                point.remove_hooks(*args, **kwargs)

    @contextmanager
    def hooks(
        self,
        fwd_hooks: Sequence[Hook] = (),
        bwd_hooks: Sequence[Hook] = (),
        reset_hooks_end: bool = True,
        clear_contexts: bool = False,
    ) -> Iterator["HookedCLIP"]:
        """Add hooks for the length of a `with` block (see TransformerLens's `hooks`).

        Raises `SiteError` if a name, glob or filter picks no site.
        """
        forward, backward = (
            [(site, function) for names, function in given for site in self.select(names)]
            for given in (fwd_hooks, bwd_hooks)
        )
        with super().hooks(forward, backward, reset_hooks_end, clear_contexts):
            yield self

    def add_hook(self, name: NamesFilter, hook: Any, *args: Any, **kw: Any) -> None:
        """Add a hook that stays until `reset_hooks()`; `SiteError` if the name picks no site."""
        for site in self.select(name):
            super().add_hook(site, hook, *args, **kw)

    def run_with_hooks(
        self,
        *model_args: Any,
        fwd_hooks: Sequence[Hook] = (),
        bwd_hooks: Sequence[Hook] = (),
        reset_hooks_end: bool = True,
        clear_contexts: bool = False,
        **model_kwargs: Any,
    ) -> Tensor:
        """Run the whole forward with hooks and return the image embedding.

        As in TransformerLens: each hook is `(name, function)`, the function is called as
        `function(activation, hook=hook_point)` and may return a replacement.
        Raises `SiteError` if a name picks no site, or only sites that this forward does not pass.
        """
        for names, _ in (*fwd_hooks, *bwd_hooks):
            self._passed(names, model_kwargs)
        return cast(
            Tensor,
            super().run_with_hooks(
                *model_args,
                fwd_hooks=list(fwd_hooks),
                bwd_hooks=list(bwd_hooks),
                reset_hooks_end=reset_hooks_end,
                clear_contexts=clear_contexts,
                **model_kwargs,
            ),
        )

    def run_with_cache(
        self,
        *model_args: Any,
        names_filter: NamesFilter = None,
        remove_batch_dim: bool = False,
        return_cache_object: bool = True,
        **kwargs: Any,
    ) -> tuple[Tensor, ClipCache | dict[str, Tensor]]:
        """Run the whole forward and return the image embedding and an `ActivationCache`.

        As in TransformerLens (`device`, `incl_bwd`, `pos_slice`, ... included); names may also be
        globs. Raises `SiteError` if the filter picks no site, or only sites not passed.
        """
        sites = self._passed(names_filter, kwargs)
        out, cache = super().run_with_cache(
            *model_args, names_filter=sites, remove_batch_dim=remove_batch_dim, **kwargs
        )
        if return_cache_object:
            return out, ClipCache(cache, self, has_batch_dim=not remove_batch_dim)
        return out, cache

    def get_caching_hooks(
        self, names_filter: NamesFilter = None, *args: Any, **kwargs: Any
    ) -> tuple[dict[str, Tensor], list[Hook], list[Hook]]:
        """Return `(cache, forward hooks, backward hooks)`; see TransformerLens."""
        sites = self.select(names_filter)
        # These have no token axis, so a slice of tokens must not cut into their image axis.
        pooled = {"hook_image_embed"} | (
            {"ln_post.hook_normalized"} if self.visual.final_ln_after_pool else set()
        )
        cache, forward, backward = super().get_caching_hooks(
            [site for site in sites if site not in pooled], *args, **kwargs
        )
        kwargs = {**kwargs, "pos_slice": None, "cache": cache}
        _, *more = super().get_caching_hooks(
            [site for site in sites if site in pooled], *args[:3], **kwargs
        )
        return cache, forward + more[0], backward + more[1]

    def _passed(self, names: NamesFilter, run: dict[str, Any]) -> list[str]:
        start, stop = (self._layer(run.get(key)) for key in ("start_at_layer", "stop_at_layer"))
        passed = [site for site in self.select(names) if reachable(site, start, stop)]
        if not passed:
            raise SiteError(
                f"a forward from {'the pixels' if start is None else f'layer {start}'} to "
                f"{'the end' if stop is None else f'layer {stop}'} passes none of the sites asked "
                f"for ({', '.join(self.select(names)[:3])}, ...)."
            )
        return passed

    def visit(
        self,
        x: Tensor,
        names: NamesFilter,
        look: Callable[[str, Tensor], None],
        *,
        start_at_layer: int | None = None,
    ) -> None:
        """Call `look(site, activation)` at each site the forward passes, and stop at the last.

        Nothing is kept: an activation is freed as soon as `look` and the tower are done with it,
        so all sites of a large tower can be read with the memory of one block. Shapes are those
        of `activations`. What `look` raises ends the forward; the hooks are gone then.
        Raises `SiteError` if a name picks no site, or none that is passed.
        """
        left = set(self._passed(names, {"start_at_layer": start_at_layer}))

        def show(value: Tensor, hook: HookPoint) -> None:
            site = cast(str, hook.name)
            look(site, value)
            left.discard(site)
            if not left:
                raise _EnoughError

        try:
            with self.hooks([(site, show) for site in tuple(left)]):
                self.forward(x, start_at_layer=start_at_layer)
        except _EnoughError:
            pass

    def activations(
        self, x: Tensor, names: NamesFilter, *, start_at_layer: int | None = None
    ) -> dict[str, Tensor]:
        """Return activations by site, running the tower no further than the last of them.

        Shapes are those of TransformerLens: `[image, token, d_model]` on the residual stream,
        `[image, token, head, d_head]` for q, k, v, z, and so on. Token 0 is CLS. The tensors are
        part of the autograd graph where `x` requires gradients.
        Raises `SiteError` if a name picks no site, or none that is passed.
        """
        seen: dict[str, Tensor] = {}
        self.visit(x, names, seen.__setitem__, start_at_layer=start_at_layer)
        return seen

    # Patches as rows of neurons.

    def check_site(self, site: str) -> None:
        """Raise `SiteError`, with the nearest names, unless the model has this site."""
        if site not in self.hook_dict:
            refuse(site, self.sites)

    def site_width(self, site: str) -> int:
        """Return how many neurons a patch has at a site (heads are laid side by side).

        Raises `SiteError` for an unknown site, or one that has no channels per patch.
        """
        self.check_site(site)
        kind = kind_of(site)
        if kind in ("attn.hook_attn_scores", "attn.hook_pattern", "hook_image_embed") or (
            kind == "ln_post.hook_normalized" and self.visual.final_ln_after_pool
        ):
            raise SiteError(
                f"{site} has no neurons per patch: choose a site with channels, such as "
                f"blocks.{self.n_layers // 2 - 1}.hook_resid_post."
            )
        if kind in ("mlp.hook_pre", "mlp.hook_post"):
            return self.d_mlp
        return self.d_model * (self.n_heads if kind == "attn.hook_result" else 1)

    def patches(
        self, x: Float[Tensor, "image 3 height width"], sites: Sequence[str]
    ) -> dict[str, Float[Tensor, "image patch neuron"]]:
        """Return the patch tokens (CLS dropped, heads laid side by side) at each site.

        Patches run row by row over `grid`. Raises `SiteError` as `site_width` does.
        """
        for site in sites:
            self.site_width(site)
        found = self.activations(x, list(sites))
        return {site: value[:, 1:].flatten(2) for site, value in found.items()}

    def project(
        self, patches: Float[Tensor, "image patch d_model"]
    ) -> Float[Tensor, "image patch d_embed"]:
        """Take residual-stream patches through the final LayerNorm and projection."""
        return cast(Tensor, self.visual.ln_post(patches) @ self.visual.proj)

    def accumulated_bias(
        self, layer: int, mlp_input: bool = False, include_mlp_biases: bool = True
    ) -> Float[Tensor, "d_model"]:
        """Return the sum of the output biases of all parts below `layer` (for TransformerLens)."""
        total = torch.zeros_like(self.visual.class_embedding)
        for index, sites in enumerate(cast(Any, self.blocks)[: layer + int(mlp_input)]):
            total = total + sites.b_O
            if include_mlp_biases and index < layer:
                total = total + sites.b_out
        return total

    # The text side.

    def tokenize(self, texts: Sequence[str]) -> Int[Tensor, "text token"]:
        """Return token ids, on the model's device."""
        return self._tokenizer(list(texts)).to(self.device)

    def encode_text(self, texts: Sequence[str]) -> Float[Tensor, "text d_embed"]:
        """Return the embeddings of texts, not normalised, as open_clip's `encode_text` does."""
        if not texts:
            raise SettingError("no text to encode: give at least one string.")
        chunks = self.tokenize(texts).split(256)
        return torch.cat([cast(Any, self.clip).encode_text(chunk) for chunk in chunks])
