"""What a tower shows of pictures: patches at sites, and views that need more than a site."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.baselines.method import Needs
from workbench.baselines.windows import embed_windows, window_count, window_patches, window_sides
from workbench.clip.hooked import HookedCLIP
from workbench.errors import ModelError, SettingError

VIEWS = ("embedding", "windows", "value_path")
_ENTRY = "blocks.0.hook_resid_pre"


@dataclass(frozen=True, eq=False)
class Views:
    """Some pictures as a tower sees them, in single precision on one device.

    `patches` are by site, `others` by the name of a view. A view that was not asked for in
    `Needs` is a `KeyError`.
    """

    patches: Mapping[str, Float[Tensor, "image patch neuron"]] = field(default_factory=dict)
    others: Mapping[str, Float[Tensor, "image *shape"]] = field(default_factory=dict)

    @property
    def embedding(self) -> Float[Tensor, "image d_embed"]:
        """The images' own embeddings, not of unit length."""
        return self.others["embedding"]

    @property
    def windows(self) -> Float[Tensor, "image window d_embed"]:
        """The embedding of every window (see `windows.py`), side after side."""
        return self.others["windows"]

    @property
    def value_path(self) -> Float[Tensor, "image patch d_embed"]:
        """Every patch through the last block's values (see `value_path`), projected."""
        return self.others["value_path"]

    def items(self) -> dict[str, Tensor]:
        """Return everything by its name."""
        return {**self.patches, **self.others}

    def only(self, needs: Needs) -> "Views":
        """Return what is needed, where there is more. Raises `KeyError` where there is less."""
        return Views(
            {site: self.patches[site] for site in sorted(needs.sites)},
            {name: self.others[name] for name in sorted(needs.views)},
        )

    def __getitem__(self, images: slice) -> "Views":
        """Return some of the images."""
        return Views(
            {site: values[images] for site, values in self.patches.items()},
            {name: values[images] for name, values in self.others.items()},
        )


def joined(parts: list[Views]) -> Views:
    """Return several batches as one."""
    return Views(
        {site: torch.cat([part.patches[site] for part in parts]) for site in parts[0].patches},
        {name: torch.cat([part.others[name] for part in parts]) for name in parts[0].others},
    )


@torch.no_grad()
def compute(
    model: HookedCLIP, pixels: Float[Tensor, "image 3 height width"], needs: Needs
) -> Views:
    """Look at pictures: one forward for sites, embedding and value path, and the windows' own.

    Raises `SettingError` for an unknown view, `SiteError` for an unknown site, `ModelError` if
    anything is NaN or infinite.
    """
    check_needs(model, needs)
    last = f"blocks.{model.n_layers - 1}."
    more = {
        "embedding": "hook_image_embed",
        "windows": _ENTRY,
        "value_path": last + "attn.hook_v",
    }
    asked = needs.sites | {more[view] for view in needs.views}
    found = model.activations(pixels, sorted(asked))
    others = {}
    if "embedding" in needs.views:
        others["embedding"] = found[more["embedding"]]
    if "windows" in needs.views:
        others["windows"] = embed_windows(model, found[_ENTRY])
    if "value_path" in needs.views:
        others["value_path"] = value_path(model, found[more["value_path"]])
    views = Views(
        {site: found[site][:, 1:].flatten(2).float() for site in sorted(needs.sites)},
        {name: values.float() for name, values in others.items()},
    )
    for name, values in views.items().items():
        if not bool(torch.isfinite(values).all()):
            raise ModelError(
                f"what {model.name} shows at {name} is NaN or infinite. The weights are damaged, "
                f"or {str(model.dtype).removeprefix('torch.')} overflows: load sound weights, or "
                "ask for dtype float32."
            )
    return views


def value_path(
    model: HookedCLIP, values: Float[Tensor, "image token head d_head"]
) -> Float[Tensor, "image patch d_embed"]:
    """Return the patches' embeddings by V-V attention in the last block alone.

    A token attends to tokens whose *values* resemble its own: the pattern is the softmax of
    v v^T / sqrt(d_head), CLS included as in the block itself. Then come the block's own output
    matrix, the final LayerNorm and the projection; the skip path and the MLP of the block are
    left out (chosen). V-V attention is of Li et al., "CLIP Surgery" (arXiv 2304.05653), leaving
    skip path and MLP out of Lan et al., "ClearCLIP" (ECCV 2024).
    """
    block = model.visual.transformer.resblocks[-1]
    heads = values.transpose(1, 2)
    mixed = torch.nn.functional.scaled_dot_product_attention(heads, heads, heads)
    out = block.ls_1(block.attn.out_proj(mixed.transpose(1, 2).flatten(2)))
    return model.project(out[:, 1:])


def last_site(model: HookedCLIP) -> str:
    """Return the residual stream after the last block."""
    return f"blocks.{model.n_layers - 1}.hook_resid_post"


@torch.no_grad()
def last_patches(model: HookedCLIP, views: Views) -> Float[Tensor, "image patch d_model"]:
    """Return the last block's patches after the final LayerNorm, not projected."""
    patches = views.patches[last_site(model)]
    found: Tensor = model.visual.ln_post(patches.to(model.dtype)).float()
    return found


def check_needs(model: HookedCLIP, needs: Needs) -> None:
    """Raise `SettingError` for an unknown view and `SiteError` for a site without neurons."""
    for view in sorted(needs.views):
        if view not in VIEWS:
            raise SettingError(f"no view {view!r}; there are {', '.join(VIEWS)}.")
    for site in sorted(needs.sites):
        model.site_width(site)


def numbers_per_image(model: HookedCLIP, needs: Needs) -> int:
    """Return how many numbers (4 bytes each, on disk and in memory) an image's views hold."""
    patches = model.grid[0] * model.grid[1]
    sizes = {
        "embedding": model.d_embed,
        "windows": window_count(model.grid) * model.d_embed,
        "value_path": patches * model.d_embed,
    }
    sites = sum(patches * model.site_width(site) for site in needs.sites)
    return sites + sum(sizes[view] for view in needs.views)


def forwards_per_image(model: HookedCLIP, needs: Needs) -> float:
    """Return what looking at an image costs, in plain forwards (by the tokens that pass blocks).

    Windows are what costs: about 11 to 13 forwards. The rest is a single one.
    """
    if "windows" not in needs.views:
        return float(bool(needs))
    tokens = sum(
        len(window_patches(model.grid, side)) * (side**2 + 1) for side in window_sides(model.grid)
    )
    return 1 + tokens / (model.grid[0] * model.grid[1] + 1)
