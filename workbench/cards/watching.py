"""One pass over pictures with an eye on some neurons: how they fire on which kind of patch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.neuron_set import NeuronSet
from workbench.excavation.features import Tower, walk
from workbench.images.samples import Sample
from workbench.images.stream import Picture, pictures
from workbench.images.truth import touched_patches, true_mask
from workbench.neurons.patch_figures import PatchFigures
from workbench.recording.exemplars import Exemplars, ExemplarTable
from workbench.recording.seen import Seen

GROUPS = NORMAL, DEFECT, ANOMALOUS, UNKNOWN = "normal", "defect", "anomalous picture", "picture"
"""Groups of patches: of normal pictures; touching a defect; of anomalous pictures without a mask;
of pictures without a label. The sound patches of anomalous pictures are in no group."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What is true of a picture's patches: their group, and which of them belong to it.

    `touched` says which patches touch a defect, `None` where nobody knows.
    """

    group: str
    inside: Bool[np.ndarray, "patch"]
    touched: Bool[np.ndarray, "patch"] | None

    @classmethod
    def of(cls, sample: Sample, size: tuple[int, int], grid: tuple[int, int]) -> "Truth":
        """Read a sample's label and masks. `size` is the picture's (height, width)."""
        everywhere = np.ones(grid[0] * grid[1], bool)
        mask = true_mask(sample, size)
        touched = None if mask is None else touched_patches(mask, grid).ravel()
        if sample.label is None:
            return cls(UNKNOWN, everywhere, None)
        if sample.label == 0:
            return cls(NORMAL, everywhere, touched)
        if touched is None:
            return cls(ANOMALOUS, everywhere, None)
        return cls(DEFECT, touched, touched)


class Watch:
    """Collects what neurons of one site do, picture by picture.

    Attributes:
        groups: what they do on each group of patches.
        touching: how many patches of pictures with known truth touch a defect, and how many
            there are.
    """

    def __init__(self, neurons: NeuronSet, grid: tuple[int, int], k: int, seed: int = 0) -> None:
        self.neurons, self.grid = neurons, grid
        self.groups: dict[str, PatchFigures] = {}
        self.touching = (0, 0)
        self._exemplars = Exemplars({neurons.site: len(neurons)}, grid[0] * grid[1], k)
        self._ends: list[Float[Tensor, "image 2 neuron"]] = []
        self._where: list[Int64[Tensor, "image neuron"]] = []
        self._touched: list[Bool[np.ndarray, patch] | None] = []
        self._seed = seed

    def add(self, patches: Float[Tensor, "image patch all"], truths: Sequence[Truth]) -> None:
        """Take in the activations of some pictures at the site, with what is true of them."""
        columns = torch.tensor(self.neurons.indices, device=patches.device)
        chosen = patches.index_select(2, columns).float().cpu()
        first = len(self._touched)
        numbers = tuple(range(first, first + len(chosen)))
        # CLS stands first in what a recording sees; it is no patch and counts for nothing.
        seen = Seen(self.neurons.site, numbers, F.pad(chosen, (0, 0, 1, 0)))
        self._exemplars.update(seen)
        self._ends.append(torch.stack([seen.lowest, seen.highest], dim=1))
        self._where.append(chosen.argmax(1))
        for values, truth in zip(chosen, truths, strict=True):
            figures = self.groups.setdefault(truth.group, PatchFigures(self._seed))
            figures.add(values[torch.from_numpy(truth.inside)])
            self._touched.append(truth.touched)
            if truth.touched is not None:
                hits, known = self.touching
                self.touching = (hits + int(truth.touched.sum()), known + len(truth.touched))

    @property
    def ends(self) -> Float[Tensor, "image 2 neuron"]:
        """The lowest and the highest value of every neuron in every picture."""
        return torch.cat(self._ends)

    @property
    def where(self) -> Int64[Tensor, "image neuron"]:
        """The patch of every picture at which each neuron is highest, counted row by row."""
        return torch.cat(self._where)

    def touches(self, image: int, row: int, column: int) -> bool | None:
        """Return whether a patch touches a defect, `None` where nobody knows."""
        touched = self._touched[image]
        return None if touched is None else bool(touched[row * self.grid[1] + column])

    def exemplars(self, pictures: Sequence[Picture]) -> ExemplarTable:
        """Return the table of extreme patches; a neuron is spelled by its place in `neurons`."""
        return ExemplarTable(self._exemplars, pictures, self.grid)


def watch(
    tower: Tower,
    samples: Sequence[Sample],
    sets: Iterable[NeuronSet],
    *,
    k: int,
    seed: int,
    batch_size: int,
) -> dict[str, Watch]:
    """Look at the samples once and return what each set, one per site, did."""
    found = {each.site: Watch(each, tower.grid, k, seed) for each in sets}
    start = 0
    for shown, seen in walk(
        tower, pictures(samples), list(found), batch_size=batch_size, what="watching neurons"
    ):
        stop = start + len(shown.pictures)
        truths = [
            Truth.of(sample, size, tower.grid)
            for sample, size in zip(samples[start:stop], shown.sizes, strict=True)
        ]
        for site, one in found.items():
            one.add(seen[site], truths)
        start = stop
    return found
