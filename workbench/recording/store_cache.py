"""Recorded activations of one image as TransformerLens has them: an `ActivationCache`."""

from typing import TYPE_CHECKING, Any

from torch import Tensor
from transformer_lens import ActivationCache

from workbench.clip.cache import ClipCache
from workbench.clip.sites import kind_of
from workbench.errors import ModelError, RunError

if TYPE_CHECKING:
    from workbench.clip.hooked import HookedCLIP
    from workbench.recording.store import ActivationStore

_BY_HEAD = ("attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_z", "attn.hook_result")


class _Recorded:
    """In the place of a model, for the helpers that ask it for nothing but its `cfg`."""

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg


def cache_of(
    store: "ActivationStore", index: int, model: "HookedCLIP | None" = None
) -> ActivationCache:
    """Return an image's activations at all recorded sites; see `ActivationStore.cache`."""
    if model is None:
        return ActivationCache(_activations(store, index), _Recorded(store.cfg))
    if model.fingerprint != store.fingerprint:
        raise ModelError(
            f"{store.path} was recorded with {store.name} ({store.source}), and {model.name} "
            f"({model.source}) has other weights or another input size. Load that model."
        )
    if store.facts.tokens != "all":
        raise RunError(
            f"{store.path} holds {store.facts.tokens} only, and a model's helpers need all tokens. "
            "Record with --tokens all, or leave the model out."
        )
    found = {
        site: value.to(model.device, model.dtype)
        for site, value in _activations(store, index).items()
    }
    return ClipCache(found, model)


def _activations(store: "ActivationStore", index: int) -> dict[str, Tensor]:
    """Return `[1, token, ...]` by site, in the model's number format, heads side by side undone."""
    found = {}
    for site in store.sites:
        value = store[site][[index]].to(store.dtype)
        if kind_of(site) in _BY_HEAD:
            value = value.unflatten(-1, (store.n_heads, -1))
        found[site] = value
    return found
