"""LAKE as one method among others, whatever its settings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views
from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError
from workbench.excavation.detector import Excavation, needed_sites
from workbench.excavation.features import Activations
from workbench.excavation.fitting import fit
from workbench.excavation.settings import Settings
from workbench.images.stream import Picture, Shown


@dataclass(frozen=True)
class LakeMethod:
    """LAKE by any settings; a sweep over settings is a list of these."""

    settings: Settings = field(default_factory=Settings)
    name: str = "lake"
    title: str = "LAKE"
    recipe: str = (
        "Li et al., arXiv 2604.07802: the neurons that vary most over normal patches, the distance "
        "to the nearest normal patch in them, and some text. The method section could not be read; "
        "what is stated, reported and chosen is said where each setting is documented."
    )
    uses_support: bool = True
    draws: int = 1

    def needs(self, model: HookedCLIP) -> Needs:
        """Return the one or two sites of the settings."""
        return Needs(frozenset(needed_sites(self.settings.resolved(model, "object"))))

    def fit(
        self,
        backbone: Backbone,
        category: str,
        support: Sequence[Picture],
        *,
        seed: int = 0,
        draw: int = 0,  # noqa: ARG002 (nothing is random)
    ) -> "FittedLake":
        """Excavate. Raises `DataError` without normal images."""
        return FittedLake(excavate_seen(backbone, category, support, self.settings, seed=seed))


def excavate_seen(
    backbone: Backbone,
    category: str,
    support: Sequence[Picture],
    settings: Settings,
    *,
    seed: int | None = None,
) -> Excavation:
    """Return the excavation that `excavate` would make of the support, from a backbone's views."""
    if not support:
        raise DataError(f"{category} has no normal images to learn from; give at least one.")
    model = backbone.model
    chosen = settings.resolved(model, category)
    text = (
        backbone.text(chosen.prompts, chosen.temperature)
        if chosen.uses_text and chosen.prompts
        else None
    )

    def look(
        pictures: Sequence[Picture], sites: Sequence[str], what: str
    ) -> Iterator[tuple[Shown, Activations]]:
        for shown, views in backbone.walk(pictures, Needs(frozenset(sites)), what=what):
            yield shown, dict(views.patches)

    found = fit(
        list(support),
        chosen,
        look,
        partial(text.scores, model) if text else None,
        keep=len(support) <= backbone.batch_size,
    )
    return Excavation(
        model=model,
        settings=chosen,
        category=category,
        support=tuple(picture.name for picture in support),
        shots=len(support),
        seed=seed,
        sensitivity=found.sensitivity,
        neurons=found.neurons,
        normality=found.normality,
        text=text,
        held_out=found.held_out,
        fingerprint=model.fingerprint,
    )


@dataclass(frozen=True, eq=False)
class FittedLake:
    """An excavation; its detections, with their shares, are to be had from it too."""

    excavation: Excavation

    @property
    def held_out(self) -> Float[np.ndarray, "normal"]:
        """The image scores of the held-out normals."""
        return np.array(self.excavation.held_out_scores)

    @property
    def gallery_bytes(self) -> int:
        """The gallery's bytes (or those of the moments)."""
        tensors = self.excavation.normality.tensors().values()
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def judge(self, batch: Shown, seen: Views) -> Scored:  # noqa: ARG002
        """Return the fused scores; an image's is the largest of its patches."""
        fused = self.excavation.patch_scores(seen.patches).fused
        maps = fused.view(len(fused), *self.excavation.model.grid).cpu().numpy()
        return Scored(maps.max(axis=(1, 2)), maps)
