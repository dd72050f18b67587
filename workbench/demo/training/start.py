"""Where the demo CLIP's training starts: patches and texts that already differ from each other.

With few pictures to learn from, a vision transformer started at random learns colours long before
anything else: the mean of a patch drowns its texture, and positions are faint. So the patch
embedding starts as the whitened principal components of the training world's patches, the position
embedding as plane waves in a sixth of the channels (in more it would hold much of the variance that
neurons are later ranked by), and the text projection such that captions are centred and white. All
of it is trained on like everything else.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workbench.demo.training.evaluate import to_tensor
from workbench.demo.world.drawing import draw

SAMPLE = 192  # pictures that the components are taken from
FLOOR = 0.05  # variance below which a component is mostly sensor noise, and is not raised to 1
TOKENS = 0.3  # spread of the token embeddings
WAVES = 0.5  # strength of the position embedding; a whitened channel has 1


def prepare(clip: Any, seed: int, size: int) -> None:
    """Set the patch and position embeddings of an untrained CLIP in place."""
    weight = clip.visual.conv1.weight
    width, _, patch, _ = weight.shape
    images = to_tensor(draw(seed, range(SAMPLE), size).images)
    kernels = whitening(images, patch)[:width]
    with torch.no_grad():
        weight[: len(kernels)] = kernels.to(weight)
        grid = size // patch
        waves = torch.from_numpy(plane_waves(grid, width))
        clip.visual.positional_embedding[1:] = waves.to(weight.device)


def prepare_text(clip: Any, tokens: Int[Tensor, "text token"]) -> None:
    """Centre and whiten the text embeddings of an untrained CLIP over the given texts, in place."""
    with torch.no_grad():
        clip.token_embedding.weight.normal_(0, TOKENS)
        clip.token_embedding.weight[-2:] *= 0.1  # start and end are in every text
        projection = clip.text_projection.clone()
        clip.text_projection.copy_(torch.eye(*projection.shape))
        plain = torch.cat([clip.encode_text(part) for part in tokens.split(256)])
        features = plain[:, : len(projection)].double()
        centre = features.mean(0)
        variances, directions = torch.linalg.eigh(
            (features - centre).T @ (features - centre) / len(features)
        )
        scale = (variances.clamp_min(0) + 0.02 * variances.mean()).rsqrt()
        random = torch.linalg.qr(projection.T.double()).Q.T
        clip.ln_final.bias.copy_(-centre)
        clip.text_projection.copy_((directions * scale) @ random / len(projection) ** 0.5)


def whitening(
    images: Float[Tensor, "image 3 row column"], patch: int
) -> Float[Tensor, "component 3 patch patch"]:
    """Return kernels that give a patch's principal components, strongest first, at variance 1."""
    patches = torch.nn.functional.unfold(images, patch, stride=patch)
    samples = patches.permute(0, 2, 1).reshape(-1, 3 * patch * patch).double()
    samples = samples - samples.mean(0)
    variances, directions = torch.linalg.eigh(samples.T @ samples / len(samples))
    kernels = (directions / (variances.clamp_min(0) + FLOOR).sqrt()).T.flip(0)
    found: Tensor = kernels.reshape(-1, 3, patch, patch).float()
    return found


def plane_waves(grid: int, width: int) -> Float[np.ndarray, "position channel"]:
    """Return sines and cosines of row and column, from one wave a picture to one in two patches."""
    count = max(1, width // 24)
    pace = np.pi * (grid / 2) ** (np.arange(count) / count) / grid
    row, column = np.divmod(np.arange(grid * grid), grid)
    angles = [row[:, None] * pace, column[:, None] * pace]
    waves = np.concatenate([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)
    full = np.zeros((grid * grid, width), np.float32)
    spread = np.arange(waves.shape[1]) * (width // waves.shape[1])
    full[:, spread] = WAVES * waves
    return full
