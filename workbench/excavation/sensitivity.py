"""Sensitivity: one number per neuron from the patches of the normal images, in one pass.

`variance` of a neuron over all patches of the normal images is what the paper ranks by (stated).
The two others are there to doubt it with (chosen): `mean_abs`, the mean absolute activation, asks
whether merely strong neurons would do; `maximum`, the largest activation, is how the
interpretability literature finds what an MLP's hidden unit responds to.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.errors import DataError, SettingError


@dataclass(frozen=True)
class NeuronStatistics:
    """Streaming statistics per neuron, kept in double precision; merging is associative."""

    count: int
    mean: Float[np.ndarray, "neuron"]
    squares: Float[np.ndarray, "neuron"]  # sum of squared deviations from the mean
    absolute: Float[np.ndarray, "neuron"]  # sum of absolute values
    maximum: Float[np.ndarray, "neuron"]

    @classmethod
    def of(cls, patches: Float[Tensor, "*patch neuron"]) -> "NeuronStatistics":
        """Return the statistics of one batch of patches."""
        if patches.device.type == "mps":  # has no double precision
            patches = patches.cpu()
        rows = patches.detach().flatten(0, -2).to(torch.float64)
        mean = rows.mean(0)
        values = (mean, (rows - mean).square().sum(0), rows.abs().sum(0), rows.amax(0))
        return cls(len(rows), *(value.cpu().numpy() for value in values))

    def merge(self, other: "NeuronStatistics") -> "NeuronStatistics":
        """Return the statistics of both sets of patches together (Chan et al. 1979)."""
        count = self.count + other.count
        step = other.mean - self.mean
        return NeuronStatistics(
            count,
            self.mean + step * (other.count / count),
            self.squares + other.squares + step**2 * (self.count * other.count / count),
            self.absolute + other.absolute,
            np.maximum(self.maximum, other.maximum),
        )

    @property
    def variance(self) -> Float[np.ndarray, "neuron"]:
        """The population variance per neuron."""
        return self.squares / self.count

    def sensitivity(self, statistic: str) -> Float[np.ndarray, "neuron"]:
        """Return the number per neuron that a selection ranks by."""
        if statistic == "variance":
            return self.variance
        if statistic == "mean_abs":
            return self.absolute / self.count
        if statistic == "maximum":
            return self.maximum
        raise SettingError(f"no statistic {statistic!r}: there are variance, mean_abs, maximum")


def survey(batches: Iterable[Float[Tensor, "_image patch neuron"]]) -> NeuronStatistics:
    """Return the statistics of all patches of all batches, holding one batch at a time.

    Raises `DataError` if there is no batch.
    """
    total: NeuronStatistics | None = None
    for batch in batches:
        part = NeuronStatistics.of(batch)
        total = part if total is None else total.merge(part)
    if total is None:
        raise DataError("there is no image to take statistics of.")
    return total
