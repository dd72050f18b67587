"""Pictures become the tensor that open_clip itself would make of them."""

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import image_transform
from PIL import Image

from workbench.images.preprocess import to_batch

MEAN, STD = open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (61, 97), (64, 48), (300, 200)])
def test_values_are_open_clips_to_the_bit(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    theirs = image_transform((64, 48), is_train=False, mean=MEAN, std=STD, resize_mode="squash")
    ours = to_batch([image, image], (64, 48), MEAN, STD)
    assert ours.shape == (2, 3, 64, 48)
    assert torch.equal(ours[1], theirs(image))
