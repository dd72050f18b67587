"""Names of the places inside a CLIP image tower where an activation can be read and edited.

The spelling is TransformerLens's. Where CLIP has a part that language models lack, the name follows
the same grammar (`ln_pre.hook_normalized`, `ln_post.hook_normalized`, `hook_image_embed`).
"""

import difflib
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NoReturn, TypeAlias

from workbench.errors import SiteError

EMBEDDING_SITES = ("hook_embed", "hook_pos_embed", "ln_pre.hook_normalized")
ATTENTION_SITES = (
    "attn.hook_q",
    "attn.hook_k",
    "attn.hook_v",
    "attn.hook_attn_scores",
    "attn.hook_pattern",
    "attn.hook_z",
    "attn.hook_result",
)
BLOCK_SITES = (
    "hook_resid_pre",
    "ln1.hook_normalized",
    *ATTENTION_SITES,
    "hook_attn_out",
    "hook_resid_mid",
    "ln2.hook_normalized",
    "mlp.hook_pre",
    "mlp.hook_post",
    "hook_mlp_out",
    "hook_resid_post",
)
_GLOB = set("*?[")
FINAL_SITES = ("ln_post.hook_normalized", "hook_image_embed")

NamesFilter: TypeAlias = str | Sequence[str] | Callable[[str], bool] | None


def site_names(n_layers: int) -> tuple[str, ...]:
    """Return every site of a tower with `n_layers` blocks, in the order of the forward pass.

    >>> site_names(1)[:4]
    ('hook_embed', 'hook_pos_embed', 'ln_pre.hook_normalized', 'blocks.0.hook_resid_pre')
    """
    blocks = [f"blocks.{layer}.{site}" for layer in range(n_layers) for site in BLOCK_SITES]
    return (*EMBEDDING_SITES, *blocks, *FINAL_SITES)


def layer_of(site: str) -> int | None:
    """Return the block a site belongs to, or None for the embedding and the final sites.

    >>> layer_of("blocks.7.mlp.hook_post"), layer_of("hook_embed")
    (7, None)
    """
    parts = site.split(".")
    return int(parts[1]) if parts[0] == "blocks" else None


def kind_of(site: str) -> str:
    """Return a site's name without its block.

    >>> kind_of("blocks.7.mlp.hook_post")
    'mlp.hook_post'
    """
    return site.split(".", 2)[2] if site.startswith("blocks.") else site


def reachable(site: str, start: int | None, stop: int | None) -> bool:
    """Say whether a forward over the blocks from `start` up to `stop` passes `site`.

    `start` is None for a forward from the pixels, `stop` is None for one to the end.

    >>> reachable("blocks.3.hook_resid_post", None, 4), reachable("hook_image_embed", None, 4)
    (True, False)
    """
    layer = layer_of(site)
    if layer is not None:
        return (start or 0) <= layer and (stop is None or layer < stop)
    return start is None if site in EMBEDDING_SITES else stop is None


def select_sites(names: NamesFilter, sites: Sequence[str]) -> list[str]:
    """Return the sites that a TransformerLens-style filter picks, in forward order.

    `names` is None (all), a name, a glob such as `blocks.*.hook_resid_post`, a list of either, or
    a function from name to bool. In a glob `*` is any text, `?` one letter, `[0-3]` one of several.
    Raises `SiteError` if any part of it picks nothing.

    >>> select_sites("blocks.[0-1].hook_resid_p?st", site_names(3))
    ['blocks.0.hook_resid_post', 'blocks.1.hook_resid_post']
    """
    if names is None:
        return list(sites)
    if callable(names):
        chosen = [site for site in sites if names(site)]
        if not chosen:
            raise SiteError(
                "the names filter matches no site of this model. Its sites are spelled like "
                f"{sites[3]}; `model.sites` lists all {len(sites)}."
            )
        return chosen
    wanted = [names] if isinstance(names, str) else list(names)
    if not wanted:
        raise SiteError("no site was asked for: the list of names is empty.")
    picked = {site for name in wanted for site in _matches(name, sites)}
    return [site for site in sites if site in picked]


def _matches(name: str, sites: Sequence[str]) -> Iterable[str]:
    if name in sites:
        return [name]
    found = [site for site in sites if fnmatchcase(site, name)] if _GLOB & set(name) else []
    return found or refuse(name, sites)


def refuse(name: str, sites: Sequence[str]) -> NoReturn:
    """Raise the `SiteError` for a name that is none of `sites`, with the nearest that are."""
    near = difflib.get_close_matches(name, sites, n=3, cutoff=0.4)
    hint = f"Nearest: {', '.join(near)}." if near else f"Sites are spelled like {sites[-3]}."
    raise SiteError(f"no site {name!r} in this model. {hint} `model.sites` lists all {len(sites)}.")
