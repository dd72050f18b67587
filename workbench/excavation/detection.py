"""What was found in one image: its score, its map, and the neurons behind every patch."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.excavation.maps import SMOOTHING, anomaly_map
from workbench.excavation.normality import Normality

BRANCHES = ("fused", "visual", "text")


@dataclass(frozen=True)
class GalleryPatch:
    """A patch of a support image: the image's name and the patch's place in the grid."""

    image: str
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class Detection:
    """One image, judged.

    `fused`, `visual` and `text` are the raw patch scores `[row, column]`; `score` is the largest
    fused one, taken before any upsampling or smoothing. `size` is the image's own (height,
    width). The selected neurons' activations of this image stay with it, for the shares.
    """

    name: str
    path: Path | None
    size: tuple[int, int]
    fused: Float[np.ndarray, "row column"]
    visual: Float[np.ndarray, "row column"]
    text: Float[np.ndarray, "row column"] | None
    neurons: NeuronSet
    normality: Normality = field(repr=False)
    support: tuple[str, ...] = field(repr=False)
    activations: Float[Tensor, "patch neuron"] = field(repr=False)
    nearest_rows: Tensor = field(repr=False)

    @property
    def score(self) -> float:
        """The image's anomaly score."""
        return float(self.fused.max())

    @property
    def peak(self) -> tuple[int, int]:
        """Row and column of the patch that gave the score."""
        row, column = np.unravel_index(int(self.fused.argmax()), self.fused.shape)
        return int(row), int(column)

    def branch(self, name: str) -> Float[np.ndarray, "row column"]:
        """Return the patch scores of a branch. Raises `SettingError` if it took no part."""
        if name not in BRANCHES:
            raise SettingError(f"no branch {name!r}: there are {', '.join(BRANCHES)}")
        scores: Float[np.ndarray, "row column"] | None = getattr(self, name)
        if scores is None:
            raise SettingError("there is no text score: text_weight is 0.")
        return scores

    def map(
        self,
        size: tuple[int, int] | None = None,
        branch: str = "fused",
        smoothing: float = SMOOTHING,
    ) -> Float[np.ndarray, "height width"]:
        """Return the anomaly map at the image's own size, or another (height, width).

        Values are raw scores; colour them with `Excavation.display_range`, never per image.
        """
        return anomaly_map(self.branch(branch), size or self.size, smoothing)

    def shares(self, row: int, column: int) -> Float[np.ndarray, "neuron"]:
        """Return what each selected neuron contributes to a patch's raw visual score.

        Non-negative, in the order of `neurons`, and they sum to `visual[row, column]`. Raises
        `SettingError` for a patch outside the grid.
        """
        at = self._patch(row, column)
        device = self.normality.device
        share = self.normality.shares(
            self.activations[at : at + 1].to(device), self.nearest_rows[at : at + 1].to(device)
        )
        values: Float[np.ndarray, neuron] = share[0].cpu().numpy()
        return values

    def strongest(
        self, row: int | None = None, column: int | None = None, most: int = 5
    ) -> list[tuple[int, float]]:
        """Return the neurons with the largest shares of a patch (by default the peak).

        Pairs of the neuron's index at its site and its share, largest first.
        """
        at_row, at_column = self.peak
        shares = self.shares(
            at_row if row is None else row, at_column if column is None else column
        )
        order = np.argsort(-shares, kind="stable")[:most]
        return [(self.neurons[int(rank)], float(shares[rank])) for rank in order]

    def nearest(self, row: int, column: int) -> GalleryPatch | None:
        """Return the gallery patch that this one was compared with; `None` without a gallery."""
        rows = self.nearest_rows[self._patch(row, column)]
        if len(rows) == 0:
            return None
        image, patch = divmod(int(rows[0]), self.visual.size)
        return GalleryPatch(self.support[image], *divmod(patch, self.visual.shape[1]))

    def _patch(self, row: int, column: int) -> int:
        rows, columns = (int(length) for length in self.visual.shape)
        if not (0 <= row < rows and 0 <= column < columns):
            raise SettingError(
                f"no patch at row {row}, column {column}: the grid has {rows} rows and {columns} "
                "columns, counted from 0."
            )
        return row * columns + column
