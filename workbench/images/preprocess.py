"""From pictures to the tensor a CLIP takes."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from workbench.images.decode import squash


def to_batch(
    images: Sequence[Image.Image],
    image_size: tuple[int, int],
    mean: Sequence[float],
    std: Sequence[float],
) -> Float[Tensor, "image 3 height width"]:
    """Squash RGB pictures to (height, width), antialiased bicubic, and standardise the colours.

    Nothing is cropped: the borders must be mapped too. The values are those of open_clip's own
    preprocessing with `resize_mode="squash"`, bit for bit.
    """
    return to_pixels(np.stack([squash(image, image_size) for image in images]), mean, std)


def to_pixels(
    squashed: UInt8[np.ndarray, "image height width 3"],
    mean: Sequence[float],
    std: Sequence[float],
) -> Float[Tensor, "image 3 height width"]:
    """Standardise the colours of pictures that have the model's size already (see `squash`)."""
    batch = torch.from_numpy(squashed).permute(0, 3, 1, 2).contiguous().float().div(255)
    return batch.sub(_per_colour(mean)).div(_per_colour(std))


def _per_colour(values: Sequence[float]) -> Float[Tensor, "3 1 1"]:
    return torch.tensor(values, dtype=torch.float32).view(3, 1, 1)
