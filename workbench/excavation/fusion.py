"""Fusion: the visual and the text score on one scale, and their weighted sum.

The branches live on different scales (a distance; the probability that text speaks of something
anomalous), so each is standardised by its
own statistics on normal images that were held out (chosen): every support image judged by the
others, or, where there is only one, its mirrored copies judged by it. No test image takes part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from workbench.excavation.normality import Normality

MOST_HELD_OUT = 32  # with more support images, as many are held out, evenly spread

_COPIES = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
)


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of a branch's patch scores on held-out normal images."""

    mean: float = 0.0
    deviation: float = 1.0

    @classmethod
    def of(cls, scores: Float[Tensor, "*patch"]) -> "Scale":
        """Measure scores. A spread below what single precision resolves counts as that."""
        values = scores.detach().cpu().double()
        mean = float(values.mean())
        return cls(mean, max(float(values.std(correction=0)), 1e-6 * abs(mean), 1e-12))

    def __call__(self, scores: Float[Tensor, "*patch"]) -> Float[Tensor, "*patch"]:
        """Return scores in deviations from the mean."""
        return (scores - self.mean) / self.deviation


@dataclass(frozen=True)
class Fusion:
    """The weighted sum of both branches: (1 - w) visual + w text, each on its scale.

    Text enters as a probability. Alone (w = 1) it stays in log odds, which rank patches in the same
    order without ties where the probability is 1.0 in single precision.
    """

    weight: float
    visual: Scale = Scale()
    text: Scale = Scale()

    @classmethod
    def standardised(
        cls, weight: float, visual: Float[Tensor, "*patch"], text: Float[Tensor, "*patch"] | None
    ) -> "Fusion":
        """Return the fusion in which each branch is on the scale of held-out normal scores."""
        scale = Scale() if text is None else Scale.of(cls(weight).squashed(text))
        return cls(weight, Scale.of(visual), scale)

    def squashed(self, text: Float[Tensor, "*patch"]) -> Float[Tensor, "*patch"]:
        """Return log odds as what is added: probabilities, unless there is nothing to add to."""
        return text if self.weight == 1 else text.sigmoid()

    def __call__(
        self, visual: Float[Tensor, "image patch"], text: Float[Tensor, "image patch"] | None
    ) -> Float[Tensor, "image patch"]:
        """Return the fused scores, from distances and log odds."""
        fused = (1 - self.weight) * self.visual(visual)
        return fused if text is None else fused + self.weight * self.text(self.squashed(text))


def mirrored_copies(image: Image.Image) -> list[Image.Image]:
    """Return an image flipped both ways and turned by 180 degrees.

    These keep its size and need no resampling, so that the copies are as sharp as the original.
    """
    return [image.transpose(how) for how in _COPIES]


def held_out_indices(images: int) -> list[int]:
    """Return which of the support images are held out in turn, evenly spread.

    >>> held_out_indices(3)
    [0, 1, 2]
    """
    spread = np.linspace(0, images - 1, min(images, MOST_HELD_OUT)).round()
    return [int(index) for index in spread]


def leave_one_out(
    patches: Float[Tensor, "image patch neuron"],
    fit: Callable[[Tensor], Normality],
    held_out: Sequence[int],
) -> Float[Tensor, "held_out patch"]:
    """Return the scores of held-out images, each judged by all the others."""
    scores = []
    for index in held_out:
        others = torch.cat([patches[:index], patches[index + 1 :]]).flatten(0, 1)
        scores.append(fit(others).judge(patches[index]).scores)
    return torch.stack(scores)
