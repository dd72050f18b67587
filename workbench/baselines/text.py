"""Text alone: what the prompts say of each patch, by several ways to bring it into their space.

Last-layer patches of a CLIP can be mis-aligned with text, even anti-aligned: then normal patches
score higher than anomalous ones, and the AUROC lies below 0.5. Nothing is turned round here; the
sign is part of the result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.few_shot import FittedJudge, largest
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views, last_site
from workbench.baselines.winclip import text_of, windows_text_map
from workbench.clip.hooked import HookedCLIP
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.stream import Picture

Read = Callable[[HookedCLIP, TextBranch, Views], Float[Tensor, "image patch"]]


def read_patches(model: HookedCLIP, text: TextBranch, views: Views) -> Float[Tensor, "image patch"]:
    """Take the last block's patches through the final LayerNorm and projection."""
    return text.scores(model, views.patches[last_site(model)].to(model.dtype))


def read_value_path(
    model: HookedCLIP,  # noqa: ARG001
    text: TextBranch,
    views: Views,
) -> Float[Tensor, "image patch"]:
    """Take the patches through the last block's values, attended to by values."""
    return text.log_odds(views.value_path)


def read_windows(model: HookedCLIP, text: TextBranch, views: Views) -> Float[Tensor, "image patch"]:
    """Take windows through the whole tower, and their harmonic mean at each patch."""
    return windows_text_map(text, views, model.grid, whole=False)


@dataclass(frozen=True, eq=False)
class TextJudge:
    """The prompts' directions, and how patches are brought to them."""

    model: HookedCLIP
    text: TextBranch
    read: Read
    gallery_bytes: int = 0

    def scores(self, views: Views) -> Scored:
        """Score pictures; an image's score is its largest patch's."""
        return largest(self.read(self.model, self.text, views), self.model.grid)


@dataclass(frozen=True)
class TextOnly:
    """A text branch by itself: what the prompts say of every patch."""

    name: str
    title: str
    recipe: str
    read: Read
    view: str | None
    settings: Settings = field(default_factory=Settings)
    uses_support: bool = False
    draws: int = 1

    def needs(self, model: HookedCLIP) -> Needs:
        """Return the view, or the last layer's patches."""
        if self.view is None:
            return Needs(frozenset({last_site(model)}))
        return Needs(views=frozenset({self.view}))

    def fit(
        self,
        backbone: Backbone,
        category: str,
        support: Sequence[Picture] = (),  # noqa: ARG002
        *,
        seed: int = 0,  # noqa: ARG002
        draw: int = 0,  # noqa: ARG002
    ) -> FittedJudge:
        """Embed the prompts; no image is looked at."""
        text = text_of(backbone, category, self.settings)
        return FittedJudge(TextJudge(backbone.model, text, self.read), None)
