"""The selected neurons' activations of every image, kept in bounded memory.

They are kept as deviations from what the first batch shows, in half precision: what counts is how
neurons vary, and plain half precision would lose that where a neuron is large everywhere. Images
that find no room are looked at again when they are asked for.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.images.stream import Picture

ROOM = 2**28
"""Bytes of activations that are kept (256 MiB)."""

_QUIET = 1e-2  # a neuron quieter than this part of the others' spread counts as having that


class Features:
    """Activations of the selected neurons, `[patch, neuron]` by image, in single precision."""

    def __init__(
        self, excavation: Excavation, pictures: Sequence[Picture], room: int = ROOM
    ) -> None:
        self._excavation, self._pictures, self._room = excavation, pictures, room
        self._kept: dict[int, Tensor] = {}
        self._scale: tuple[Tensor, Tensor] | None = None

    @property
    def nbytes(self) -> int:
        """The memory taken."""
        return sum(each.nbytes for each in self._kept.values())

    def put(self, index: int, rows: Float[Tensor, "patch neuron"]) -> None:
        """Keep an image's activations if there is room."""
        size = rows.numel() * 2
        if (len(self._kept) + 1) * size > self._room:
            return
        centre, spread = self._scale or self._measure(rows)
        self._kept[index] = ((rows.cpu() - centre) / spread).half()

    def __getitem__(self, index: int) -> Float[Tensor, "patch neuron"]:
        """Return an image's activations. Raises as `walk` does where it is looked at again."""
        ((_, rows),) = self.batches([index])
        return rows[0]

    def batches(
        self, indices: Sequence[int]
    ) -> Iterator[tuple[list[int], Float[Tensor, "image patch neuron"]]]:
        """Yield the activations of some images, a few images at a time: those kept come first."""
        kept = [index for index in indices if index in self._kept]
        for at in range(0, len(kept), BATCH):
            some = kept[at : at + BATCH]
            yield some, torch.stack([self._restored(index) for index in some])
        gone = [index for index in indices if index not in self._kept]
        if not gone:
            return
        own = self._excavation
        start = 0
        for _, seen in walk(own.model, [self._pictures[index] for index in gone], [own.sites[0]]):
            rows = own.selected(seen[own.sites[0]]).cpu()
            yield gone[start : start + len(rows)], rows
            start += len(rows)

    def _measure(self, rows: Float[Tensor, "patch neuron"]) -> tuple[Tensor, Tensor]:
        variance, centre = torch.var_mean(rows.cpu().float(), dim=0, correction=0)
        least = max(float(variance.mean().sqrt()) * _QUIET, torch.finfo().tiny)
        self._scale = centre, variance.sqrt().clamp_min(least)
        return self._scale

    def _restored(self, index: int) -> Float[Tensor, "patch neuron"]:
        assert self._scale is not None
        centre, spread = self._scale
        return self._kept[index].float() * spread + centre


def narrow(rows: Float[Tensor, "*row neuron"]) -> Float[np.ndarray, "*row neuron"]:
    """Return activations to be sent: in half precision where that keeps how they vary.

    Half precision keeps 11 bits. Where its rounding adds a hundredth or more to the neurons'
    spread over the rows, or a value exceeds its range, they stay in single precision.
    """
    values = rows.cpu().float()
    rounded = values.half().float()
    spread = values.flatten(0, -2).var(0, correction=0).sum().sqrt()
    error = (rounded - values).square().flatten(0, -2).mean(0).sum().sqrt()
    sent: Float[np.ndarray, "*row neuron"] = values.numpy()
    return sent.astype(np.float16) if bool(error < 0.01 * spread) else sent
