"""WinCLIP's few-shot recipe with LAKE added to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.few_shot import FittedJudge, SupportMethod
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views, last_site
from workbench.baselines.winclip import VIEWS, Association, combined, text_of
from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.excavation.fusion import Scale
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Normality, fit_normality
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import survey
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.stream import Picture

RECIPE = (
    "The few-shot WinCLIP recipe with LAKE's visual branch as half of its association: the "
    "published comparison (WinCLIP, then WinCLIP with the neurons) does not say how the two were "
    "joined, so this is chosen. LAKE's distances are first brought to the mean and deviation of "
    "WinCLIP's association, both measured on held-out normal patches; text enters once, as "
    "WinCLIP has it."
)


@dataclass(frozen=True, eq=False)
class VisualBranch:
    """LAKE's neurons and what normal looks like to them."""

    neurons: NeuronSet
    normality: Normality
    layer_norm: bool

    @classmethod
    def of(cls, settings: Settings, seen: Sequence[Views]) -> "VisualBranch":
        """Find the neurons in normal images, by resolved settings."""
        site, _ = settings.places
        rows = [normed(views.patches[site], settings.layer_norm) for views in seen]
        neurons = select(
            survey(rows).sensitivity(settings.statistic),
            site,
            settings.k,
            settings.selection,
            settings.selection_seed,
        )
        chosen = torch.cat(rows).flatten(0, 1)[:, list(neurons.indices)].float()
        normality = fit_normality(chosen, settings.normality, settings.metric, settings.neighbours)
        return cls(neurons, normality, settings.layer_norm)

    def map(self, views: Views) -> Float[Tensor, "image patch"]:
        """Return the raw visual scores."""
        patches = normed(views.patches[self.neurons.site], self.layer_norm)
        chosen = patches[..., list(self.neurons.indices)].float()
        return self.normality.judge(chosen.flatten(0, 1)).scores.view(chosen.shape[:2])


@dataclass(frozen=True, eq=False)
class WinClipLakeJudge:
    """Text, association and neurons, and the scales on which the last two meet."""

    model: HookedCLIP
    text: TextBranch
    association: Association
    visual: VisualBranch
    scales: tuple[Scale, Scale]

    @property
    def gallery_bytes(self) -> int:
        """The bytes of all galleries."""
        tensors = self.visual.normality.tensors().values()
        own = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return self.association.gallery_bytes + own

    def scores(self, views: Views) -> Scored:
        """Score pictures."""
        joint = join(self.association.map(views), self.visual.map(views), self.scales)
        return combined(self.model, self.text, views, joint)


def join(
    association: Float[Tensor, "image patch"],
    visual: Float[Tensor, "image patch"],
    scales: tuple[Scale, Scale],
) -> Float[Tensor, "image patch"]:
    """Return the mean of an association and LAKE's scores on the association's scale."""
    target, own = scales
    return (association + own(visual) * target.deviation + target.mean) / 2


@dataclass(frozen=True)
class WinClipPlusLake(SupportMethod):
    """See `RECIPE`."""

    def needs(self, model: HookedCLIP) -> Needs:
        """Return what WinCLIP needs, and LAKE's site."""
        site, _ = self.settings.resolved(model, "object").places
        return Needs(frozenset({site, last_site(model)}), VIEWS)

    def fit(
        self,
        backbone: Backbone,
        category: str,
        support: Sequence[Picture],
        *,
        seed: int = 0,  # noqa: ARG002
        draw: int = 0,  # noqa: ARG002
    ) -> FittedJudge:
        """Learn from the support; the scales come from the same held-out normals as the scores.

        Raises `DataError` without normal images.
        """
        model, settings = backbone.model, self.settings.resolved(backbone.model, category)
        seen = self.see(backbone, category, support)
        text = text_of(backbone, category, self.settings)

        def learn(views: Sequence[Views]) -> tuple[Association, VisualBranch]:
            return Association.of(model, views), VisualBranch.of(settings, views)

        association, visual = learned = learn(seen)
        unseen, maps = [], []
        for others, views in self.held_out(backbone, support, seen):
            first, second = learned if others is seen else learn(others)
            unseen.append(views)
            maps.append((first.map(views), second.map(views)))
        scales = (
            Scale.of(torch.cat([one for one, _ in maps])),
            Scale.of(torch.cat([one for _, one in maps])),
        )
        held_out = [
            combined(model, text, views, join(*pair, scales)).image
            for views, pair in zip(unseen, maps, strict=True)
        ]
        judge = WinClipLakeJudge(model, text, association, visual, scales)
        return FittedJudge(judge, np.concatenate(held_out))
