"""How far the selected neurons speak for "anomalous" themselves: their direct effect on text.

A patch's similarity with a prompt is linear in the residual stream once two numbers are frozen at
the patch: the scale of the final LayerNorm and the length of the embedding
(`neurons/attribution/readout.py` has the formula). So it splits into parts by channel. Channels of
an earlier residual stream reach the end by the skip path, so their direct effect is theirs of the
sum with their values in the place of the last stream's; what later blocks do with them is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.few_shot import FewShot, largest
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views
from workbench.baselines.winclip import text_of
from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.clip.sites import kind_of
from workbench.errors import SettingError
from workbench.excavation.layer_norm import normed
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import survey
from workbench.excavation.settings import RESIDUAL
from workbench.excavation.text import TextBranch
from workbench.neurons.attribution.readout import FrozenReadout

RECIPE = (
    "No paper's: the part of each patch's text similarity (anomalous less normal, no softmax) that "
    "LAKE's selected neurons contribute themselves, by the skip path to the final LayerNorm, whose "
    "scale is frozen at the patch. What later blocks make of the neurons is left out."
)


@dataclass(frozen=True)
class TextThroughNeurons(FewShot):
    """See `RECIPE`. The settings' site must be a residual stream."""

    def needs(self, model: HookedCLIP) -> Needs:
        """Return both sites. Raises `SettingError` if the first is no residual stream."""
        site, text_site = self.settings.resolved(model, "object").places
        if kind_of(site) not in RESIDUAL:
            raise SettingError(
                f"{site} is no residual stream, so its neurons have no direct path to the text; "
                f"choose one such as blocks.{max(model.n_layers // 2, 1) - 1}.hook_resid_post."
            )
        return Needs(frozenset({site, text_site}))

    def learn(
        self,
        backbone: Backbone,
        category: str,
        seen: Sequence[Views],
        seed: int,  # noqa: ARG002
        draw: int,  # noqa: ARG002
    ) -> "DirectEffectJudge":
        """Select the neurons as LAKE does, and embed the prompts."""
        settings = self.settings.resolved(backbone.model, category)
        site, text_site = settings.places
        found = survey(normed(views.patches[site], settings.layer_norm) for views in seen)
        neurons = select(
            found.sensitivity(settings.statistic),
            site,
            settings.k,
            settings.selection,
            settings.selection_seed,
        )
        text = text_of(backbone, category, self.settings)
        return DirectEffectJudge(backbone.model, text, neurons, text_site)


@dataclass(frozen=True, eq=False)
class DirectEffectJudge:
    """The neurons and the prompts; of the normal images themselves nothing is kept."""

    model: HookedCLIP
    text: TextBranch
    neurons: NeuronSet
    text_site: str

    @property
    def gallery_bytes(self) -> int:
        """The neurons' indices, 8 bytes each."""
        return 8 * len(self.neurons)

    def scores(self, views: Views) -> Scored:
        """Score pictures; an image's score is its largest patch's."""
        effects, _ = direct_effects(
            self.model, self.text, views.patches[self.neurons.site], views.patches[self.text_site]
        )
        return largest(effects[..., list(self.neurons.indices)].sum(2), self.model.grid)


@torch.no_grad()
def direct_effects(
    model: HookedCLIP,
    text: TextBranch,
    component: Float[Tensor, "image patch d_model"],
    stream: Float[Tensor, "image patch d_model"],
) -> tuple[Float[Tensor, "image patch d_model"], Float[Tensor, "image patch"]]:
    """Return each channel's part of the patch's text similarity, and the part of the bias.

    `component` is a summand of `stream`, the residual stream that is projected. The parts of all
    summands and of the bias (once) sum to the cosine with the anomalous direction less that with
    the normal one.
    """
    projection = model.visual.proj
    readout = FrozenReadout.of(
        model, stream.to(projection), text.directions[1] - text.directions[0]
    )
    return (component.to(projection) * readout.pull).float(), readout.shift.float()
