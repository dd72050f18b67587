"""A CLIP whose neurons are built to see, and to say, known concepts; and pictures for it.

Sixteen concepts are orthogonal directions of the joint space. A patch of concept k has pattern k on
it; the stream carries it along direction k, and the projection takes that to the concept. Attention
of block 0 hands the mean over the tokens to all of them, CLS too, through one channel per concept;
neuron k of block 1's MLP reads direction k and writes it again.
"""

import numpy as np
import torch
from PIL import Image
from scipy.linalg import hadamard

from tests.tiny import tiny_clip
from workbench.clip.hooked import HookedCLIP
from workbench.neurons.labels import Vocabulary

CONCEPTS = 16
TERMS = tuple(f"thing{k:02}" for k in range(CONCEPTS))
VOCABULARY = Vocabulary.of({"things": TERMS}, "planted")
PATTERNS = hadamard(64)[1 : CONCEPTS + 1]  # 8 x 8 pixels, each orthogonal to the others

RESIDUAL = "blocks.2.hook_resid_post"
MLP = "blocks.1.mlp.hook_post"
Z = "blocks.0.attn.hook_z"


def planted_model(*, turned: bool, **vision) -> HookedCLIP:
    """`turned`: the stream's directions are no channels of it; otherwise channel k is concept k."""
    clip = tiny_clip(**vision)
    basis = _basis(32) if turned else torch.eye(32)
    draw = torch.Generator().manual_seed(5)
    concepts = torch.linalg.qr(torch.randn(CONCEPTS, CONCEPTS, generator=draw))[0]
    codes = basis[:, :CONCEPTS]
    visual = clip.visual
    with torch.no_grad():
        for name, parameter in visual.named_parameters():
            parameter.fill_(1.0 if name.endswith("weight") and "ln_" in name else 0.0)
        patterns = torch.tensor(PATTERNS, dtype=torch.float32) / (3 * 64)
        kernels = (codes @ patterns).view(32, 1, 8, 8).expand(-1, 3, -1, -1)
        visual.conv1.weight.copy_(kernels)
        visual.proj.copy_(codes @ concepts)
        attention, mlp = visual.transformer.resblocks[0].attn, visual.transformer.resblocks[1].mlp
        attention.in_proj_weight[64:] = basis.T
        attention.out_proj.weight.copy_(0.3 * basis)
        mlp.c_fc.weight[:CONCEPTS] = codes.T
        mlp.c_proj.weight[:, :CONCEPTS] = 0.2 * codes
        mlp.c_proj.weight[:, CONCEPTS:] = 0.02 * torch.randn(32, 128 - CONCEPTS, generator=draw)
        for block in visual.transformer.resblocks:
            for gamma in (getattr(block.ls_1, "gamma", None), getattr(block.ls_2, "gamma", None)):
                if gamma is not None:
                    gamma.fill_(0.7)
    clip.encode_text = lambda tokens: concepts[tokens[:, 0]]
    return HookedCLIP(
        clip,
        name="planted",
        tokenizer=lambda texts: torch.tensor([[int(text[-2:])] for text in texts]),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )


def _basis(width: int) -> torch.Tensor:
    """A random orthogonal matrix that keeps the mean over channels, so LayerNorm goes with it."""
    draw = torch.Generator().manual_seed(6)
    ones = torch.ones(width, 1) / width**0.5
    rest = torch.randn(width, width - 1, generator=draw)
    frame = torch.linalg.qr(torch.cat([ones, rest], dim=1))[0][:, 1:]
    turn = torch.linalg.qr(torch.randn(width - 1, width - 1, generator=draw))[0]
    return ones @ ones.T + frame @ turn @ frame.T


def picture(kinds: np.ndarray, seed: int) -> Image.Image:
    """A picture of 4 x 4 patches, each of a kind, with some noise."""
    rng = np.random.default_rng(seed)
    rows = [np.hstack([PATTERNS[kind].reshape(8, 8) for kind in row]) for row in kinds]
    grey = 127.5 + 63 * np.vstack(rows) + rng.normal(0, 6, (32, 32))
    return Image.fromarray(np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2))


def mixed(count: int = 24, seed: int = 0) -> list[Image.Image]:
    """Pictures whose patches are of all kinds, in any place."""
    rng = np.random.default_rng(seed)
    return [picture(rng.integers(0, CONCEPTS, (4, 4)), 100 + index) for index in range(count)]


def mostly(shown: int, each: int = 6, seed: int = 0) -> list[Image.Image]:
    """Pictures that are mostly of one of the first kinds, with patches of later kinds."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(shown * each):
        kinds = np.where(
            rng.random((4, 4)) < 0.7, index % shown, rng.integers(shown, CONCEPTS, (4, 4))
        )
        kinds[0, 0] = index % shown
        found.append(picture(kinds, 200 + index))
    return found
