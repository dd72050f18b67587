"""Activations under many changes: nothing below a changed site runs twice, nothing needless runs.

Sites before the changed one keep their values. Where only the changed site itself is read, its
values are edited and nothing is run. Otherwise the tower restarts at the site's block, for several
changes and all images of a batch at once.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor
from transformer_lens.hook_points import HookPoint

from workbench.clip.hooked import HookedCLIP
from workbench.clip.sites import EMBEDDING_SITES, kind_of, layer_of
from workbench.excavation.features import Activations
from workbench.neurons.intervention.changes import Change, apply

ROWS = 64
"""At most so many changed images (changes x images) are run at once, if one change fits."""


def changed_patches(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    sites: Sequence[str],
    changes: Sequence[Change],
    rows: int = ROWS,
) -> Iterator[tuple[int, Activations]]:
    """Yield patches at `sites` unchanged, then under the changes, in their order.

    Each item is a number of changes (1 for the unchanged) and, by site, their patches
    `[change * image, patch, neuron]`, the images of the first change first. Changes in a row that
    share a site run together.
    """
    places = {change.neurons.site for change in changes}
    starts = {site: _entry(model, site) for site in places if _read(model, site, sites) != [site]}
    asked = {*sites, *places, *(start for start, _ in starts.values() if start)}
    with torch.no_grad():
        seen = model.activations(pixels, sorted(asked, key=model.sites.index))
        unchanged = {site: seen[site][:, 1:].flatten(2) for site in sites}
        yield 1, unchanged
        portion = max(1, rows // len(pixels))
        for site, group in groupby(changes, key=lambda change: change.neurons.site):
            together = list(group)
            affected = _read(model, site, sites)
            for at in range(0, len(together), portion):
                part = together[at : at + portion]
                found = {
                    name: values.repeat(len(part), 1, 1)
                    for name, values in unchanged.items()
                    if name not in affected
                }
                if affected:
                    tokens = _run(model, pixels, seen, site, part, affected, starts)
                    found |= {name: value[:, 1:].flatten(2) for name, value in tokens.items()}
                yield len(part), found


def _read(model: HookedCLIP, site: str, sites: Sequence[str]) -> list[str]:
    """Return which of the sites a change at `site` can reach."""
    first = model.sites.index(site)
    return [name for name in sites if model.sites.index(name) >= first]


def _entry(model: HookedCLIP, site: str) -> tuple[str | None, int | None]:
    """Return the residual stream to restart from, and the block it enters; None for the pixels."""
    layer = layer_of(site)
    if layer is None:
        if site in EMBEDDING_SITES:
            return None, None
        return f"blocks.{model.n_layers - 1}.hook_resid_post", model.n_layers
    if kind_of(site) == "hook_resid_post":
        return site, layer + 1
    return f"blocks.{layer}.hook_resid_pre", layer


def _run(
    model: HookedCLIP,
    pixels: Tensor,
    seen: Activations,
    site: str,
    changes: Sequence[Change],
    affected: list[str],
    starts: dict[str, tuple[str | None, int | None]],
) -> Activations:
    images = len(pixels)

    def edit(values: Tensor) -> Tensor:
        parts = values.split(images)
        return torch.cat([apply(c, part) for c, part in zip(changes, parts, strict=True)])

    def repeated(values: Tensor) -> Tensor:
        return values.repeat(len(changes), *(1 for _ in values.shape[1:]))

    if affected == [site]:
        return {site: edit(repeated(seen[site]))}
    stream, layer = starts[site]
    entering = repeated(pixels if stream is None else seen[stream])
    if stream == site:
        after = edit(entering)
        above = [name for name in affected if name != site]
        found = model.activations(after, above, start_at_layer=layer)
        return {**found, site: after} if site in affected else found

    def hook(value: Tensor, hook: HookPoint) -> Tensor:  # noqa: ARG001 (TransformerLens names it)
        return edit(value)

    with model.hooks([(site, hook)]):
        return model.activations(entering, affected, start_at_layer=layer)
