"""The baseline that attribution starts from at a site: what the mean normal patch has there."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.sites import FINAL_SITES, kind_of
from workbench.errors import SettingError
from workbench.excavation.settings import RESIDUAL

BATCH = 16
STREAMS = (*RESIDUAL, "ln_pre.hook_normalized")
"""Kinds of sites where the whole residual stream is."""


@torch.no_grad()
def normal_baseline(
    model: HookedCLIP, normals: Float[Tensor, "image 3 height width"], site: str
) -> Float[Tensor, "*token neuron"]:
    """Return the mean activation of normal images at a site: one of patches, one of CLS.

    Row 0 is the mean CLS, every other row the mean over all patches of all images, on the model's
    device; at a pooled site, the mean over images. `normals` are prepared pixels
    (`workbench.prepare`); they pass in batches of 16.
    Raises `SettingError` without images, `SiteError` for a site without neurons per patch.
    """
    if kind_of(site) not in FINAL_SITES:
        model.site_width(site)
    if not len(normals):
        raise SettingError("there is no normal image to take a baseline from: give at least one.")
    total = sum(_sums(model, normals.split(BATCH), site), torch.zeros(()))
    if total.ndim > 1:
        total = torch.cat([total[:1], total[1:].mean(0, keepdim=True).expand_as(total[1:])])
    return (total / len(normals)).to(model.device, model.dtype)


def _sums(model: HookedCLIP, batches: Iterable[Tensor], site: str) -> Iterable[Tensor]:
    for pixels in batches:
        yield model.activations(pixels, [site])[site].cpu().double().sum(0)


def checked_baseline(
    model: HookedCLIP, site: str, baseline: Tensor | None, shape: torch.Size
) -> Tensor:
    """Return the baseline to use at a site whose activation has `shape` per image.

    `None` is zero. Raises `SettingError` for another shape, and for zero where only
    the direction counts: at the final sites, and on a residual stream for any token of it (one
    value in all channels is zero too, since LayerNorm takes the mean off).
    """
    if baseline is not None and baseline.shape != shape:
        raise SettingError(
            f"the baseline at {site} has shape {list(baseline.shape)}, and the activation of one "
            f"image has {list(shape)}. normal_baseline(model, normals, {site!r}) returns one."
        )
    if _has_no_direction(kind_of(site), baseline):
        raise SettingError(
            f"a zero baseline at {site} means nothing: what follows (LayerNorm, the cosine) "
            "divides by the scale of the whole, so on the way to zero the target hardly moves, "
            "jumps at the end, and the values cannot sum to the effect. Give "
            f"normal_baseline(model, normals, {site!r}), the mean over normal patches."
        )
    if baseline is None:
        return torch.zeros(shape, device=model.device, dtype=model.dtype)
    return baseline.to(model.device, model.dtype)


def _has_no_direction(kind: str, baseline: Tensor | None) -> bool:
    """Return whether what follows the site divides a zero by its scale."""
    if kind not in (*STREAMS, *FINAL_SITES):
        return False
    if baseline is None or kind in FINAL_SITES:
        return baseline is None or not bool(baseline.any())
    return bool((baseline.amax(-1) == baseline.amin(-1)).any())
