"""What neurons do on a group of patches, taken in batch by batch in bounded memory."""

import torch
from jaxtyping import Float
from torch import Tensor

MOST_ROWS = 4096
"""At most so many patches are kept to draw from; the figures are of all of them."""


class PatchFigures:
    """Mean, variance, range and a uniform sample of patches, on the CPU.

    The sample is drawn by `seed`, whatever the batches; of few patches it is all of them.
    """

    def __init__(self, seed: int = 0, most: int = MOST_ROWS) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._most = most
        self._keys = self._squares = self._mean = torch.empty(0)
        self._low = self._high = torch.empty(0)
        self.count = 0
        self.rows: Float[Tensor, "row neuron"] = torch.empty(0, 0)

    def add(self, batch: Float[Tensor, "*patch neuron"]) -> None:
        """Take in patches; none is fine."""
        patches = batch.detach().flatten(0, -2).cpu().double()
        if not len(patches):
            return
        middle, spread = patches.mean(0), patches.var(0, correction=0) * len(patches)
        key = torch.rand(len(patches), generator=self._generator)
        if not self.count:
            self._mean, self._squares = middle, spread
            self._low, self._high = patches.amin(0), patches.amax(0)
            rows, keys = patches.float(), key
        else:
            step, total = middle - self._mean, self.count + len(patches)
            self._mean = self._mean + step * len(patches) / total
            self._squares = (
                self._squares + spread + step.square() * self.count * len(patches) / total
            )
            self._low = self._low.minimum(patches.amin(0))
            self._high = self._high.maximum(patches.amax(0))
            rows, keys = torch.cat([self.rows, patches.float()]), torch.cat([self._keys, key])
        self.count += len(patches)
        kept = keys.topk(min(self._most, len(keys))).indices
        self.rows, self._keys = rows[kept], keys[kept]

    @property
    def mean(self) -> Float[Tensor, "neuron"]:
        """The mean over all patches."""
        return self._mean.float()

    @property
    def variance(self) -> Float[Tensor, "neuron"]:
        """The variance over all patches, by their number."""
        return (self._squares / max(1, self.count)).float()

    @property
    def lowest(self) -> Float[Tensor, "neuron"]:
        """The smallest value."""
        return self._low.float()

    @property
    def highest(self) -> Float[Tensor, "neuron"]:
        """The largest value."""
        return self._high.float()
