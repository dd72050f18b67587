"""Small untrained models for tests: every part of the real thing, milliseconds to run."""

from typing import Any

import torch
from open_clip.model import CLIP
from torch import Tensor

from workbench.clip.hooked import HookedCLIP

TEXT = {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1}


def tiny_clip(seed: int = 0, *, quick_gelu: bool = False, **vision: Any) -> CLIP:
    """An open_clip CLIP with a 3-layer ViT of 32 channels on 32x32 px, 4x4 patches.

    LayerNorm gains and all biases are drawn at random, so that none of them can be forgotten
    without a test noticing.
    """
    torch.manual_seed(seed)
    settings = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 3, "head_width": 8}
    clip = CLIP(16, {**settings, **vision}, TEXT, quick_gelu=quick_gelu)
    with torch.no_grad():
        for name, parameter in clip.named_parameters():
            if parameter.ndim == 1 and name != "logit_scale":
                parameter.add_(0.1 * torch.randn_like(parameter))
    return clip.eval()


def tiny_model(seed: int = 0, **kwargs: Any) -> HookedCLIP:
    """`tiny_clip`, hooked; its tokenizer numbers the letters of a text."""
    return HookedCLIP(
        tiny_clip(seed, **kwargs),
        name="tiny",
        tokenizer=letters,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )


def letters(texts: list[str]) -> Tensor:
    rows = [[1 + ord(letter) % 62 for letter in text[:7]] + [63] for text in texts]
    return torch.tensor([row + [0] * (8 - len(row)) for row in rows])


def pixels(images: int = 2, size: int = 32, seed: int = 1) -> Tensor:
    """Random preprocessed images, [image, 3, size, size]."""
    return torch.randn(images, 3, size, size, generator=torch.Generator().manual_seed(seed))
