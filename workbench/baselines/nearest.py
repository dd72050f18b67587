"""Distance to the nearest normal patch: with all channels, or with fewer, however chosen.

These are LAKE's visual branch with another set of directions in the place of its neurons: at the
same site, with the same distance and the same number of them. Text takes no part.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.draws import generator
from workbench.baselines.few_shot import FewShot, largest
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views
from workbench.clip.hooked import HookedCLIP
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Gallery
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import NeuronStatistics

log = logging.getLogger(__name__)

Rows = Float[Tensor, "patch channel"]


@dataclass(frozen=True, eq=False)
class Reduction:
    """From all channels to few: a choice of columns, or a linear map after taking a mean off."""

    columns: tuple[int, ...] | None = None
    mean: Float[Tensor, "channel"] | None = None
    matrix: Float[Tensor, "channel fewer"] | None = None

    def __call__(self, patches: Float[Tensor, "*patch channel"]) -> Float[Tensor, "*patch fewer"]:
        """Return the patches in the fewer dimensions."""
        if self.columns is not None:
            return patches[..., list(self.columns)]
        centred = patches if self.mean is None else patches - self.mean
        return centred if self.matrix is None else centred @ self.matrix


Reduce = Callable[[Rows, int, int, int], Reduction]
"""From the support's patches, K, a seed and a draw to a reduction."""


def all_channels(rows: Rows, k: int, seed: int, draw: int) -> Reduction:  # noqa: ARG001
    """Keep every channel."""
    return Reduction()


def bottom_k(rows: Rows, k: int, seed: int, draw: int) -> Reduction:  # noqa: ARG001
    """Keep the channels that vary least."""
    variance = NeuronStatistics.of(rows).variance
    return Reduction(select(variance, "the site", k, "bottom").indices)


def random_k(rows: Rows, k: int, seed: int, draw: int) -> Reduction:
    """Keep channels drawn at random."""
    variance = NeuronStatistics.of(rows).variance
    return Reduction(select(variance, "the site", k, "random", seed, draw).indices)


def pca_k(rows: Rows, k: int, seed: int, draw: int) -> Reduction:  # noqa: ARG001
    """Project on the directions along which the patches vary most, about their mean.

    n patches span n - 1 directions at most; where that is fewer than K all of them are taken.
    Directions in which nothing varies are left out: nothing is known of them.
    """
    values = rows.cpu().double()  # some accelerators have no double precision
    mean = values.mean(0)
    centred = values - mean
    if len(rows) > rows.shape[1]:
        squares, columns = torch.linalg.eigh(centred.T @ centred)
        squares, columns = squares.flip(0), columns.flip(1)
    else:
        _, spread, directions = torch.linalg.svd(centred, full_matrices=False)
        squares, columns = spread.square(), directions.T
    resolved = int((squares > 1e-12 * squares.max().clamp(min=1e-300)).sum())
    number = max(1, min(k, len(rows) - 1, resolved))
    if number < k:
        log.info("PCA: %d normal patches span %d directions, not %d", len(rows), number, k)
    matrix = columns[:, :number].float().contiguous()
    return Reduction(mean=mean.float().to(rows.device), matrix=matrix.to(rows.device))


def projection_k(rows: Rows, k: int, seed: int, draw: int) -> Reduction:
    """Project on K Gaussian directions drawn at random, of expected length 1."""
    matrix = torch.randn(rows.shape[1], k, generator=generator(seed, draw)) / k**0.5
    return Reduction(matrix=matrix.to(rows.device))


@dataclass(frozen=True)
class NearestPatch(FewShot):
    """The distance of a patch to its nearest normal patch; an image's score is its largest."""

    reduce: Reduce = all_channels

    def needs(self, model: HookedCLIP) -> Needs:
        """Return the site of the settings."""
        return Needs(frozenset({self._site(model)}))

    def learn(
        self,
        backbone: Backbone,
        category: str,  # noqa: ARG002
        seen: Sequence[Views],
        seed: int,
        draw: int,
    ) -> "NearestPatchJudge":
        """Reduce the support's patches and keep them."""
        model, settings = backbone.model, self.settings
        site = self._site(model)
        rows = torch.cat([views.patches[site] for views in seen]).flatten(0, 1)
        rows = normed(rows, settings.layer_norm)
        reduction = self.reduce(rows, settings.k, seed, draw)
        gallery = Gallery.fit(reduction(rows), settings.metric, settings.neighbours)
        return NearestPatchJudge(site, settings.layer_norm, reduction, gallery, model.grid)

    def _site(self, model: HookedCLIP) -> str:
        site, _ = self.settings.resolved(model, "object").places
        return site


@dataclass(frozen=True, eq=False)
class NearestPatchJudge:
    """A gallery of normal patches in the reduced dimensions."""

    site: str
    layer_norm: bool
    reduction: Reduction
    gallery: Gallery
    grid: tuple[int, int]

    @property
    def gallery_bytes(self) -> int:
        """The bytes of the gallery's rows, and of what brings a patch to its dimensions."""
        kept = (self.gallery.rows, self.reduction.mean, self.reduction.matrix)
        return sum(one.numel() * one.element_size() for one in kept if one is not None)

    def scores(self, views: Views) -> Scored:
        """Score pictures."""
        patches = self.reduction(normed(views.patches[self.site], self.layer_norm))
        found = self.gallery.judge(patches.flatten(0, 1)).scores
        return largest(found.view(patches.shape[:2]), self.grid)
