"""What normal looks like to the selected neurons, and how far a patch is from it.

Both representations score a patch by a sum over neurons of non-negative parts. The parts are the
patch's shares: they say, exactly, which neuron contributed how much.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.errors import RunError, SettingError

_BLOCK = 1 << 24  # at most so many distances at once (64 MiB in fp32)


@dataclass(frozen=True)
class Judgement:
    """How far patches are from normal, and which gallery rows they were compared with."""

    scores: Float[Tensor, "patch"]
    nearest: Int[Tensor, "patch neighbour"]


@dataclass(frozen=True)
class Gallery:
    """The normal patches themselves (reported).

    A patch is as anomalous as it is far from its nearest gallery patch. `cosine`: rows are
    scaled to unit length and the distance is (1 - cos) / 2 = |q - m|^2 / 4, so neuron d's share
    is (q_d - m_d)^2 / 4 (a row of zeros stays zero, and is 1/4 from every other row).
    `squared_euclidean`: |q - m|^2 / K of the activations as they are. With several neighbours
    scores and shares are means over them.
    """

    rows: Float[Tensor, "row neuron"]
    metric: str = "cosine"
    neighbours: int = 1

    @classmethod
    def fit(cls, patches: Float[Tensor, "patch neuron"], metric: str, neighbours: int) -> "Gallery":
        """Keep normal patches. Raises `SettingError` if they are fewer than the neighbours."""
        if neighbours > len(patches):
            raise SettingError(
                f"{neighbours} neighbours asked for, but the gallery has {len(patches)} patches; "
                "use more shots or fewer neighbours."
            )
        return cls(_rows(patches, metric), metric, neighbours)

    def judge(self, patches: Float[Tensor, "patch neuron"]) -> Judgement:
        """Score patches; they are compared in blocks, so memory does not grow with their number.

        The nearest rows are found by a matrix product; the score is then taken from the
        differences, because 1 - cos loses its digits where cos is close to 1.
        """
        centre, rows, lengths = self._centred
        queries = _rows(patches, self.metric) - centre
        nearest = torch.cat(
            [
                self._smallest(torch.addmm(lengths, block, rows.T, alpha=-2))
                for block in queries.split(max(1, _BLOCK // len(rows)))
            ]
        )
        return Judgement(self.shares(patches, nearest).sum(1), nearest)

    def _smallest(self, distances: Float[Tensor, "patch row"]) -> Int[Tensor, "patch neighbour"]:
        if self.neighbours == 1:  # twice as fast as topk
            return distances.argmin(1, keepdim=True)
        return distances.topk(self.neighbours, largest=False).indices

    def shares(
        self, patches: Float[Tensor, "patch neuron"], nearest: Int[Tensor, "patch neighbour"]
    ) -> Float[Tensor, "patch neuron"]:
        """Return each neuron's part of each patch's score; the parts sum to the score."""
        queries = _rows(patches, self.metric)
        total = torch.zeros_like(queries)
        for row in nearest.unbind(1):
            total += (queries - self.rows[row]).square()
        scale = 4 if self.metric == "cosine" else self.rows.shape[1]
        return total / (scale * self.neighbours)

    @cached_property
    def _centred(self) -> tuple[Tensor, Tensor, Tensor]:
        """The gallery's centre, the rows about it and their squared lengths, for the search.

        About the centre lengths are small, and their differences keep their digits.
        """
        centre = self.rows.mean(0)
        rows = self.rows - centre
        return centre, rows, rows.square().sum(1)

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return self.rows.device

    def tensors(self) -> dict[str, Tensor]:
        """Return what has to be stored."""
        return {"gallery.rows": self.rows}


@dataclass(frozen=True)
class Moments:
    """A mean and a variance per neuron, no patches (chosen).

    A patch's score is its mean squared standardised deviation, (1/K) sum_d (x_d - mean_d)^2 /
    variance_d: a Mahalanobis distance with a diagonal covariance, split into shares by neuron.
    A neuron that never varies is given the smallest variance that single precision resolves.
    """

    mean: Float[Tensor, "neuron"]
    variance: Float[Tensor, "neuron"]

    @classmethod
    def fit(cls, patches: Float[Tensor, "patch neuron"]) -> "Moments":
        """Take mean and variance of normal patches."""
        rows = patches.float()
        variance, mean = torch.var_mean(rows, dim=0, correction=0)
        floor = (1e-6 * mean.abs().amax().clamp(min=1e-6)).square()
        return cls(mean, variance.clamp(min=float(floor)))

    def judge(self, patches: Float[Tensor, "patch neuron"]) -> Judgement:
        """Score patches."""
        nothing = torch.empty(len(patches), 0, dtype=torch.long, device=patches.device)
        return Judgement(self.shares(patches, nothing).sum(1), nothing)

    def shares(
        self,
        patches: Float[Tensor, "patch neuron"],
        nearest: Int[Tensor, "patch neighbour"],  # noqa: ARG002 (there are no rows to be near to)
    ) -> Float[Tensor, "patch neuron"]:
        """Return each neuron's part of each patch's score; the parts sum to the score."""
        return (patches.float() - self.mean).square() / self.variance / len(self.mean)

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return self.mean.device

    def tensors(self) -> dict[str, Tensor]:
        """Return what has to be stored."""
        return {"moments.mean": self.mean, "moments.variance": self.variance}


Normality = Gallery | Moments


def fit_normality(
    patches: Float[Tensor, "patch neuron"], normality: str, metric: str, neighbours: int
) -> Normality:
    """Represent normal patches, already restricted to the selected neurons."""
    if normality == "moments":
        return Moments.fit(patches)
    return Gallery.fit(patches, metric, neighbours)


def stored_normality(
    tensors: dict[str, Tensor], normality: str, metric: str, neighbours: int
) -> Normality:
    """Rebuild a representation from what was stored. Raises `RunError` if a tensor is missing."""
    try:
        if normality == "moments":
            return Moments(tensors["moments.mean"], tensors["moments.variance"])
        return Gallery(tensors["gallery.rows"], metric, neighbours)
    except KeyError as error:
        raise RunError(f"the run has no tensor {error}; excavate again.") from error


def _rows(patches: Float[Tensor, "patch neuron"], metric: str) -> Float[Tensor, "patch neuron"]:
    rows = patches.float()
    return F.normalize(rows, dim=1) if metric == "cosine" else rows
