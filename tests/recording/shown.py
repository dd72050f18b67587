"""Batches for the collectors' tests: what a site shows of pictures, cut wherever one likes."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from workbench.recording.seen import Seen

SITE = "blocks.1.hook_resid_post"


def batch(values: np.ndarray | Tensor, images: Sequence[int], site: str = SITE) -> Seen:
    """`values` are [image, patch, neuron]; a CLS that no product may count is put before them."""
    patches = torch.as_tensor(values)
    wild = torch.where(torch.arange(patches.shape[2]) % 2 == 0, 999.0, -999.0).to(patches.dtype)
    cls = wild.expand(len(patches), 1, -1)
    return Seen(site, tuple(images), torch.cat([cls, patches], 1))


def batches(
    values: np.ndarray | Tensor, cuts: Iterable[int], first: int = 0, site: str = SITE
) -> list[Seen]:
    """`values` [image, patch, neuron] as batches, cut before the pictures `cuts`."""
    edges = sorted({0, len(values), *(cut % len(values) for cut in cuts)})
    return [
        batch(values[start:stop], range(first + start, first + stop), site)
        for start, stop in pairwise(edges)
    ]
