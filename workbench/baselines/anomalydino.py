"""AnomalyDINO's recipe on this CLIP: nearest patch, turned normals, the mean of the worst 1 %."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from workbench.baselines.backbone import Backbone
from workbench.baselines.few_shot import FewShot
from workbench.baselines.method import Needs, Scored
from workbench.baselines.views import Views, last_patches, last_site
from workbench.clip.hooked import HookedCLIP
from workbench.excavation.fitting import mirrored
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Gallery
from workbench.images.stream import Picture

ANGLES = (45, 90, 135, 180, 225, 270, 315)
SHARE = 0.01

RECIPE = (
    "Damm et al., WACV 2025 (agnostic preprocessing, no masking): every normal image also turned "
    "by 45, 90, ..., 315 degrees, mirrored at its borders; the cosine distance of the last layer's "
    "patches, after the final LayerNorm, to the nearest normal one; an image's score is the mean "
    "of the worst 1 % of its patches (at least one). Differs: this CLIP's last block instead of "
    "DINOv2's, and its input size with the picture squashed to a square."
)


@dataclass(frozen=True)
class AnomalyDino(FewShot):
    """See `RECIPE`."""

    def needs(self, model: HookedCLIP) -> Needs:
        """Return the last layer."""
        return Needs(frozenset({last_site(model)}))

    def versions(self, picture: Picture) -> list[Picture]:
        """Return a support image and its turned copies."""
        image = picture.open()
        turned = [
            Picture(f"{picture.name} turned by {angle}", held=rotate(image, angle))
            for angle in ANGLES
        ]
        return [picture, *turned]

    def held_out_copies(self, picture: Picture) -> list[Picture]:
        """Return the mirrored copies without the one turned by 180 degrees, which is known."""
        return mirrored(picture)[:2]

    def learn(
        self,
        backbone: Backbone,
        category: str,  # noqa: ARG002
        seen: Sequence[Views],
        seed: int,  # noqa: ARG002
        draw: int,  # noqa: ARG002
    ) -> "AnomalyDinoJudge":
        """Keep all patches of all copies."""
        model = backbone.model
        rows = torch.cat([last_patches(model, views) for views in seen]).flatten(0, 1)
        gallery = Gallery.fit(normed(rows, self.settings.layer_norm), "cosine", 1)
        return AnomalyDinoJudge(model, self.settings.layer_norm, gallery)


@dataclass(frozen=True, eq=False)
class AnomalyDinoJudge:
    """The gallery of all copies' patches."""

    model: HookedCLIP
    layer_norm: bool
    gallery: Gallery

    @property
    def gallery_bytes(self) -> int:
        """The bytes of the gallery."""
        return self.gallery.rows.numel() * self.gallery.rows.element_size()

    def scores(self, views: Views) -> Scored:
        """Score pictures; maps are cosine distances 1 - cos."""
        patches = normed(last_patches(self.model, views), self.layer_norm)
        found = self.gallery.judge(patches.flatten(0, 1)).scores.view(patches.shape[:2])
        distances = 2 * found  # the gallery's are (1 - cos) / 2
        maps = distances.view(len(distances), *self.model.grid)
        return Scored(mean_of_worst(distances).cpu().numpy(), maps.cpu().numpy())


def mean_of_worst(scores: Float[Tensor, "image patch"]) -> Float[Tensor, "image"]:
    """Return the mean of each image's largest 1 % of patches, at least one of them.

    >>> mean_of_worst(torch.arange(200.0).view(1, 200)).tolist()
    [198.5]
    """
    number = max(1, int(SHARE * scores.shape[1]))
    return scores.topk(number, dim=1).values.mean(1)


def rotate(image: Image.Image, angle: float) -> Image.Image:
    """Return a picture turned about its middle, its size kept, its surroundings mirrored."""
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    # The farthest that a corner can come from: half the diagonal, less half the shorter side.
    border = int(np.ceil((np.hypot(height, width) - min(height, width)) / 2)) + 1
    wide = np.pad(pixels, ((border, border), (border, border), (0, 0)), mode="reflect")
    turned = Image.fromarray(wide).rotate(angle, Image.Resampling.BILINEAR)
    return turned.crop((border, border, border + width, border + height))
