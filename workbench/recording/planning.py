"""From what a caller asks for to a plan: sites picked, batch and shard sizes found."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from workbench.clip.hooked import HookedCLIP
from workbench.errors import SettingError, SiteError
from workbench.recording.needs import choose_batch_size, choose_images_per_shard
from workbench.recording.plan import DTYPES, ImageEntry, Plan, describe_model

if TYPE_CHECKING:
    from workbench.recording.store import ActivationStore

PRODUCTS = ("statistics", "exemplars", "maxima", "activations")
"""What is recorded unless something else is asked for."""


def plan_from_model(
    model: HookedCLIP,
    images: Sequence[ImageEntry],
    *,
    sites: str | Sequence[str] | None,
    batch_size: int | None,
    images_per_shard: int | None,
    **choices: Any,
) -> Plan:
    """Return the plan of recording a model's activations over images.

    Raises `SiteError` for sites that do not exist or have no neurons, `SettingError` for choices
    out of range.
    """
    widths = neuron_sites(model, sites)
    facts, preprocessing = describe_model(model)
    return _plan(
        choose_batch_size(model) if batch_size is None else batch_size,
        images_per_shard,
        model=facts,
        preprocessing=preprocessing,
        widths=widths,
        threads=torch.get_num_threads(),
        device_type=model.device.type,
        images=images,
        **choices,
    )


def plan_from_store(
    store: "ActivationStore",
    *,
    sites: str | Sequence[str] | None,
    batch_size: int | None,
    images_per_shard: int | None,
    **choices: Any,
) -> Plan:
    """Return the plan of recording anew what a store holds.

    Raises `SettingError` if the store does not hold the tokens that are needed, and `SiteError`
    for sites that it does not hold.
    """
    held, wanted = store.plan.tokens, choices["tokens"]
    if held == "cls":
        raise SettingError(f"{store.path} holds CLS tokens, and the products are of patches.")
    if "activations" in choices["products"] and wanted != "patches" and held != "all":
        raise SettingError(f"{store.path} holds {held}, so tokens cannot be {wanted!r}.")
    picked = store.select(sites)
    preprocessing = store.plan.preprocessing
    if DTYPES[store.plan.dtype] is not store.dtype and store.plan.dtype != "fp32":
        # Other bytes than the model itself would give, so it must not go on with its recording.
        preprocessing = {**preprocessing, "rounded": store.plan.dtype}
    return _plan(
        store.plan.batch_size if batch_size is None else batch_size,
        images_per_shard,
        model=store.plan.model,
        preprocessing=preprocessing,
        widths={site: store.site_width(site) for site in picked},
        threads=torch.get_num_threads(),
        device_type="cpu",
        images=store.plan.images,
        **choices,
    )


def _plan(
    batch_size: int,
    images_per_shard: int | None,
    *,
    widths: dict[str, int],
    images: Sequence[ImageEntry],
    products: Sequence[str],
    tokens: str,
    dtype: str,
    **rest: Any,
) -> Plan:
    plan = Plan(  # first with any shards, so that choices out of range are told
        sites=tuple(widths),
        widths=widths,
        products=tuple(products),
        tokens=tokens,
        dtype=dtype,
        batch_size=batch_size,
        images_per_shard=1 if images_per_shard is None else images_per_shard,
        images=tuple(images),
        **rest,
    )
    if images_per_shard is not None:
        return plan
    chosen = choose_images_per_shard(
        widths,
        plan.patches_per_image,
        products=plan.products,
        tokens=tokens,
        dtype=dtype,
        batch_size=batch_size,
    )
    return replace(plan, images_per_shard=chosen)


def neuron_sites(model: HookedCLIP, names: str | Sequence[str] | None) -> dict[str, int]:
    """Return the width of every site that the names pick, in forward order.

    By default the residual stream at half depth. A glob passes over sites that have no neurons
    per patch, such as attention patterns; a name of one is refused. Raises `SiteError`.
    """
    if names is None:
        names = f"blocks.{max(model.n_layers // 2, 1) - 1}.hook_resid_post"
    spelled = {names} if isinstance(names, str) else set(names)
    widths = {}
    for site in model.select(names):
        try:
            widths[site] = model.site_width(site)
        except SiteError:
            if site in spelled:
                raise
    if not widths:
        raise SiteError(
            f"{', '.join(sorted(spelled))} picks only sites without neurons per patch. Record, for "
            f"example, {model.sites[-3]}."
        )
    return widths
