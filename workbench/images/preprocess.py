"""From pictures to the tensor a CLIP takes."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor


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
    height, width = image_size
    pixels = [
        torch.from_numpy(np.array(image.resize((width, height), Image.Resampling.BICUBIC)))
        for image in images
    ]
    batch = torch.stack(pixels).permute(0, 3, 1, 2).contiguous().float().div(255)
    return batch.sub(_per_colour(mean)).div(_per_colour(std))


def _per_colour(values: Sequence[float]) -> Float[Tensor, "3 1 1"]:
    return torch.tensor(values, dtype=torch.float32).view(3, 1, 1)
