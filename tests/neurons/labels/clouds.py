"""Random profiles and concepts, for tests of chance and of formulas."""

import torch

from workbench.clip.neuron_set import NeuronSet
from workbench.neurons.labels import Concepts, Vocabulary

IMAGES, PLACES = 20, 16


def concepts(count: int = 30, width: int = 12, seed: int = 0, scale: float = 14.0) -> Concepts:
    draw = torch.Generator().manual_seed(seed)
    words = Vocabulary.of({"things": [f"thing{index:03}" for index in range(count)]}, "random")
    return Concepts(words, torch.randn(count, width, generator=draw), scale)


def cloud(width: int, seed: int, *, together: float = 0.0) -> torch.Tensor:
    """Gaussian values [image, place, width]; `together` is how much an image's places share, and
    neighbours among them share as much again."""
    draw = torch.Generator().manual_seed(seed)
    own = torch.randn(IMAGES, PLACES, width, generator=draw)
    shared = torch.randn(IMAGES, 1, width, generator=draw)
    near = torch.randn(IMAGES, PLACES // 4, width, generator=draw).repeat_interleave(4, dim=1)
    return own + together * (shared + near)


def neurons(count: int) -> NeuronSet:
    return NeuronSet("blocks.0.mlp.hook_post", tuple(range(count)))
