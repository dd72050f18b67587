"""What the support shows: sensitivity at every layer, and the selected neurons' normal patches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.sites import kind_of
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.excavation.fitting import mirrored
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Gallery
from workbench.excavation.sensitivity import NeuronStatistics
from workbench.images.samples import Sample
from workbench.images.stream import Picture, pictures

_TELLING = 1e-3  # unit rows of the same picture differ by less


@dataclass(frozen=True, eq=False)
class Normal:
    """The support's pictures, looked at again.

    Attributes:
        samples: the support, in gallery order.
        sensitivity: the run's statistic of every neuron, by site in the order of the forward pass.
        rows: the selected neurons on every patch.
        mirrored: the same on the mirrored copies of a single support image, by which such a
            support is held out; `None` where there are several.
    """

    samples: tuple[Sample, ...]
    sensitivity: Mapping[str, Float[np.ndarray, "_neuron"]] = field(repr=False)
    rows: Float[Tensor, "image patch neuron"] = field(repr=False)
    mirrored: Float[Tensor, "copy patch neuron"] | None = field(repr=False)


def look_again(excavation: Excavation, samples: Sequence[Sample]) -> Normal | None:
    """Find a run's support among samples and look at it once, at all layers.

    `None` where it is not there, or its pictures are not those that the run has learned from.
    Raises `DataError` for a picture that does not open.
    """
    known = {one.name: one for one in samples if one.category == excavation.category}
    if not all(name in known and known[name].path.is_file() for name in excavation.support):
        return None
    support = tuple(known[name] for name in excavation.support)
    own, layer_norm = excavation.sites[0], excavation.settings.layer_norm
    sites = residual_sites(excavation)
    total: dict[str, NeuronStatistics] = {}
    rows = []
    for _, seen in walk(excavation.model, pictures(support), sites, what="looking at the support"):
        for site in sites:
            part = NeuronStatistics.of(normed(seen[site], layer_norm))
            total[site] = total[site].merge(part) if site in total else part
        rows.append(excavation.selected(seen[own]).cpu())
    statistic = excavation.settings.statistic
    sensitivity = {site: total[site].sensitivity(statistic) for site in sites}
    sensitivity[own] = excavation.sensitivity
    found = torch.cat(rows)
    if not _the_same(excavation, found):
        return None
    return Normal(support, sensitivity, found, _mirrored(excavation, support))


def residual_sites(excavation: Excavation) -> list[str]:
    """Return the residual stream after every block, and the run's own site, in forward order."""
    own = excavation.sites[0]
    every = excavation.model.sites
    return [site for site in every if kind_of(site) == "hook_resid_post" or site == own]


def _the_same(excavation: Excavation, rows: Float[Tensor, "image patch neuron"]) -> bool:
    """Say whether the activations are those in the gallery (moments: of their mean)."""
    flat, kept = rows.flatten(0, 1), excavation.normality
    if isinstance(kept, Gallery):
        gallery = kept.rows.cpu()
        again = F.normalize(flat, dim=1) if kept.metric == "cosine" else flat
        if again.shape != gallery.shape:
            return False
    else:
        gallery, again = kept.mean.cpu(), flat.mean(0)
    size = gallery.abs().max().clamp_min(1e-12)
    return bool((again - gallery).abs().max() <= _TELLING * size)


def _mirrored(
    excavation: Excavation, support: tuple[Sample, ...]
) -> Float[Tensor, "copy patch neuron"] | None:
    if len(support) > 1:
        return None
    own = excavation.sites[0]
    copies = mirrored(Picture(support[0].name, support[0].path))
    seen = [found[own] for _, found in walk(excavation.model, copies, [own], batch_size=BATCH)]
    return excavation.selected(torch.cat(seen)).cpu()
