"""WinCLIP's recipe: windows against prompts, and against the windows of a few normal images."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.few_shot import FewShot, FittedJudge
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views, last_patches, last_site
from workbench.baselines.windows import by_side, covering_mean, harmonic_map
from workbench.clip.hooked import HookedCLIP
from workbench.clip.prompts import winclip_prompts
from workbench.excavation.normality import Gallery
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.stream import Picture

VIEWS = frozenset({"embedding", "windows"})

ZERO_SHOT = (
    "Jeong et al., CVPR 2023 (zero-shot): the compositional prompt ensemble; windows of 2 x 2 and "
    "3 x 3 patches, each alone through the tower with CLS; a patch's score is the harmonic mean of "
    "its windows', and over both sizes and the whole image; the image's score is its own embedding "
    "against the prompts. Differs: this CLIP and its input size, and the temperature is the "
    "settings' (0.01)."
)
FEW_SHOT = (
    "Jeong et al., CVPR 2023 (few-shot, WinCLIP+): to the zero-shot scores comes the association "
    "with normal images, (1 - cos) / 2 to the nearest one, averaged over patches of the last layer "
    "and both sizes of windows; half and half in the map, and in the image score by its largest. "
    "Differs as the zero-shot recipe does; as patches the last block's after the final LayerNorm "
    "are taken."
)


def anomalous(
    text: TextBranch, embeddings: Float[Tensor, "*shape d_embed"]
) -> Float[Tensor, "*shape"]:
    """Return how probable the anomalous prompts are against the normal ones."""
    return text.log_odds(embeddings).sigmoid()


def windows_text_map(
    text: TextBranch, views: Views, grid: tuple[int, int], *, whole: bool = True
) -> Float[Tensor, "image patch"]:
    """Return the log odds of the harmonic mean over all windows and, with `whole`, the image.

    The harmonic mean of probabilities has as its odds against the plain mean of theirs, which
    loses nothing where the probabilities themselves are 1.0 in any precision.
    """
    against = [
        covering_mean(_odds_against(text, windows), grid, side)
        for side, windows in by_side(views.windows, grid)
    ]
    if whole:
        against.append(_odds_against(text, views.embedding)[:, None].expand_as(against[0]))
    return -torch.stack(against).mean(0).log().float().to(views.windows.device)


def _odds_against(
    text: TextBranch, embeddings: Float[Tensor, "*shape d_embed"]
) -> Float[Tensor, "*shape"]:
    """Return the odds of the normal prompts against the anomalous ones.

    In double precision, which some accelerators lack: at a temperature of 0.01 they reach e^200.
    """
    return (-text.log_odds(embeddings)).cpu().double().exp()


@dataclass(frozen=True, eq=False)
class Association:
    """Normal patches and normal windows of every size, and how far others are from them."""

    model: HookedCLIP
    patches: Gallery
    windows: tuple[Gallery, ...]

    @classmethod
    def of(cls, model: HookedCLIP, seen: Sequence[Views]) -> "Association":
        """Keep what normal images show."""
        patches = torch.cat([last_patches(model, views) for views in seen]).flatten(0, 1)
        windows = torch.cat([views.windows for views in seen])
        return cls(
            model,
            Gallery.fit(patches, "cosine", 1),
            tuple(
                Gallery.fit(values.flatten(0, 1), "cosine", 1)
                for _, values in by_side(windows, model.grid)
            ),
        )

    @property
    def gallery_bytes(self) -> int:
        """The bytes of all galleries."""
        rows = [gallery.rows for gallery in (self.patches, *self.windows)]
        return sum(one.numel() * one.element_size() for one in rows)

    def map(self, views: Views) -> Float[Tensor, "image patch"]:
        """Return the mean over patches and window sizes; windows are spread harmonically."""
        patches = last_patches(self.model, views)
        maps = [self.patches.judge(patches.flatten(0, 1)).scores.view(patches.shape[:2])]
        sides = by_side(views.windows, self.model.grid)
        for gallery, (side, windows) in zip(self.windows, sides, strict=True):
            scores = gallery.judge(windows.flatten(0, 1)).scores.view(windows.shape[:2])
            maps.append(harmonic_map(scores, self.model.grid, side))
        return torch.stack(maps).mean(0)


@dataclass(frozen=True, eq=False)
class WinClipJudge:
    """Text, and with normal images their association."""

    model: HookedCLIP
    text: TextBranch
    association: Association | None = None

    @property
    def gallery_bytes(self) -> int:
        """What is kept of the support."""
        return 0 if self.association is None else self.association.gallery_bytes

    def scores(self, views: Views) -> Scored:
        """Score pictures."""
        return combined(
            self.model,
            self.text,
            views,
            None if self.association is None else self.association.map(views),
        )


def combined(
    model: HookedCLIP,
    text: TextBranch,
    views: Views,
    association: Float[Tensor, "image patch"] | None,
) -> Scored:
    """Return WinCLIP's scores: text alone, or half text and half association."""
    maps = windows_text_map(text, views, model.grid).sigmoid()
    image = anomalous(text, views.embedding)
    if association is not None:
        maps = (maps + association) / 2
        image = (image + association.amax(1)) / 2
    return Scored(image.cpu().numpy(), maps.view(len(maps), *model.grid).cpu().numpy())


def text_of(backbone: Backbone, category: str, settings: Settings) -> TextBranch:
    """Return the settings' prompts for a category, or WinCLIP's."""
    given = settings.prompts
    prompts = given.for_object(category) if given else winclip_prompts(category)
    return backbone.text(prompts, settings.temperature)


@dataclass(frozen=True)
class WinClipZeroShot:
    """See `ZERO_SHOT`."""

    name: str = "winclip_zero_shot"
    title: str = "WinCLIP recipe, zero-shot"
    recipe: str = ZERO_SHOT
    settings: Settings = field(default_factory=Settings)
    uses_support: bool = False
    draws: int = 1

    def needs(self, model: HookedCLIP) -> Needs:  # noqa: ARG002
        """Return windows and the image's embedding."""
        return Needs(views=VIEWS)

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
        return FittedJudge(WinClipJudge(backbone.model, text), None)


@dataclass(frozen=True)
class WinClipFewShot(FewShot):
    """See `FEW_SHOT`."""

    def needs(self, model: HookedCLIP) -> Needs:
        """Return windows, the image's embedding and the last layer."""
        return Needs(frozenset({last_site(model)}), VIEWS)

    def learn(
        self,
        backbone: Backbone,
        category: str,
        seen: Sequence[Views],
        seed: int,  # noqa: ARG002
        draw: int,  # noqa: ARG002
    ) -> WinClipJudge:
        """Keep the support's patches and windows."""
        text = text_of(backbone, category, self.settings)
        return WinClipJudge(backbone.model, text, Association.of(backbone.model, seen))
