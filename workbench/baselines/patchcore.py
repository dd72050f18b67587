"""PatchCore's recipe on this CLIP: pooled patches of two middle layers, a greedy coreset."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.baselines.backbone import Backbone
from workbench.baselines.draws import generator
from workbench.baselines.few_shot import FewShot
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views
from workbench.clip.hooked import HookedCLIP
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Gallery

POOL = 3
SHARE, LEAST = 0.1, 100
PROJECTED = 128
NEIGHBOURS = 9

RECIPE = (
    "Roth et al., CVPR 2022: patches of two middle layers, each averaged over its 3 x 3 "
    "neighbourhood, side by side; a greedy coreset of 10 % of them; the distance to the nearest; "
    "an image's score is its largest, weighted by how crowded the nearest one's surroundings are "
    "(9 neighbours). Differs: the residual stream of this CLIP after a half and three quarters of "
    "the blocks instead of a WideResNet's layers 2 and 3, and all channels; at least 100 patches "
    "are kept, as few shots leave few; at the border the mean is over the neighbours that exist."
)


@dataclass(frozen=True)
class PatchCore(FewShot):
    """See `RECIPE`."""

    def needs(self, model: HookedCLIP) -> Needs:
        """Return the two middle layers."""
        return Needs(frozenset(middle_sites(model)))

    def learn(
        self,
        backbone: Backbone,
        category: str,  # noqa: ARG002
        seen: Sequence[Views],
        seed: int,
        draw: int,
    ) -> "PatchCoreJudge":
        """Keep a coreset of the support's pooled patches."""
        sites, grid = middle_sites(backbone.model), backbone.model.grid
        rows = torch.cat(
            [pooled(views, sites, grid, self.settings.layer_norm).flatten(0, 1) for views in seen]
        )
        number = min(len(rows), max(LEAST, round(SHARE * len(rows))))
        core = rows[greedy_coreset(projected(rows, seed, draw), number)]
        gallery = Gallery.fit(core, "squared_euclidean", 1)
        return PatchCoreJudge(sites, grid, self.settings.layer_norm, gallery)


@dataclass(frozen=True, eq=False)
class PatchCoreJudge:
    """The coreset."""

    sites: tuple[str, ...]
    grid: tuple[int, int]
    layer_norm: bool
    gallery: Gallery

    @property
    def gallery_bytes(self) -> int:
        """The bytes of the coreset."""
        return self.gallery.rows.numel() * self.gallery.rows.element_size()

    def scores(self, views: Views) -> Scored:
        """Score pictures: maps are distances, image scores are re-weighted (equation 7)."""
        patches = pooled(views, self.sites, self.grid, self.layer_norm)
        found = self.gallery.judge(patches.flatten(0, 1))
        width = self.gallery.rows.shape[1]
        distances = (found.scores * width).sqrt().view(patches.shape[:2])
        worst = distances.argmax(1)
        at = torch.arange(len(worst), device=worst.device)
        nearest = found.nearest.view(*patches.shape[:2])[at, worst]
        score = distances[at, worst] * self._weights(patches[at, worst], nearest)
        maps = distances.view(len(distances), *self.grid)
        return Scored(score.cpu().numpy(), maps.cpu().numpy())

    def _weights(
        self, patches: Float[Tensor, "image channel"], nearest: Int[Tensor, "image"]
    ) -> Float[Tensor, "image"]:
        """Return 1 - softmax of the patch's distance among those to the nearest's neighbours.

        The nearest row is the first of its own neighbours.
        """
        rows = self.gallery.rows
        number = min(NEIGHBOURS, len(rows))
        if number < 2:
            return torch.ones(len(patches), device=patches.device)
        own = rows[nearest]
        among = torch.cdist(own, rows, compute_mode="donot_use_mm_for_euclid_dist")
        neighbours = rows[among.topk(number, largest=False).indices]
        away = (patches[:, None] - neighbours).norm(dim=2)
        itself = (patches - own).norm(dim=1)
        weights: Tensor = 1 - (itself - away.logsumexp(dim=1)).exp()
        return weights


def middle_sites(model: HookedCLIP) -> tuple[str, str]:
    """Return the residual stream after a half and after three quarters of the blocks.

    In a tower of fewer than four blocks the two may be the same; then the last is the second.
    """
    first = max(model.n_layers // 2, 1) - 1
    second = min(max(3 * model.n_layers // 4 - 1, first + 1), model.n_layers - 1)
    return f"blocks.{first}.hook_resid_post", f"blocks.{second}.hook_resid_post"


def pooled(
    views: Views, sites: Sequence[str], grid: tuple[int, int], layer_norm: bool = False
) -> Float[Tensor, "image patch channels"]:
    """Return patches averaged over their 3 x 3 neighbourhood, the sites' channels side by side."""
    parts = []
    for site in sites:
        patches = normed(views.patches[site], layer_norm)
        image = patches.transpose(1, 2).unflatten(2, grid)
        mean = F.avg_pool2d(image, POOL, 1, POOL // 2, count_include_pad=False)
        parts.append(mean.flatten(2).transpose(1, 2))
    return torch.cat(parts, dim=2)


def projected(
    rows: Float[Tensor, "row channel"], seed: int = 0, draw: int = 0
) -> Float[Tensor, "row fewer"]:
    """Return rows in at most 128 random directions, in which the authors look for the coreset."""
    if rows.shape[1] <= PROJECTED:
        return rows
    directions = torch.randn(rows.shape[1], PROJECTED, generator=generator(seed, draw))
    fewer: Tensor = rows @ directions.to(rows.device) / PROJECTED**0.5
    return fewer


def greedy_coreset(rows: Float[Tensor, "row channel"], number: int) -> Int[Tensor, "chosen"]:
    """Return the indices of rows, each the farthest from all before it (k-centre, greedy).

    The first is the row nearest to the mean (chosen; the authors start from ten at random), and
    of equally far ones the first is taken, so that the same rows give the same coreset.

    >>> greedy_coreset(torch.tensor([[0.0], [1.0], [5.0], [2.0]]), 3).tolist()
    [3, 2, 0]
    """
    if number >= len(rows):
        return torch.arange(len(rows), device=rows.device)
    centred = (rows - rows.mean(0)).float()
    first = int(centred.square().sum(1).argmin())
    chosen = [first]
    nearest = (centred - centred[first]).square().sum(1)
    while len(chosen) < number:
        farthest = int(nearest.argmax())
        chosen.append(farthest)
        nearest = torch.minimum(nearest, (centred - centred[farthest]).square().sum(1))
    return torch.tensor(chosen, device=rows.device)
