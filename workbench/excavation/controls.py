"""Controls: whether it is these neurons, or any would do.

The visual branch alone is scored with other sets of neurons at the same site, from the same
activations, so that a control costs no forward pass. Text takes no part: it does not depend on
which neurons are selected, and would only blur the comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.excavation.normality import Normality, fit_normality
from workbench.excavation.selection import select
from workbench.excavation.settings import SELECTIONS
from workbench.images.stream import ImageLike, pictures

DRAWS = 20


@dataclass(frozen=True)
class Control:
    """One way to choose neurons: its sets (one, or one per random draw) and their normality."""

    name: str
    sets: tuple[NeuronSet, ...]
    normalities: tuple[Normality, ...]

    def scores(
        self, patches: Float[Tensor, "image patch neuron"]
    ) -> Float[np.ndarray, "draw image"]:
        """Return the image scores (largest patch) of a batch, for every set."""
        images = len(patches)
        rows = patches.flatten(0, 1)
        scores = [
            normality.judge(rows[:, list(chosen.indices)]).scores.view(images, -1).amax(1)
            for chosen, normality in zip(self.sets, self.normalities, strict=True)
        ]
        values: Float[np.ndarray, "draw image"] = torch.stack(scores).cpu().numpy()
        return values


def fit_controls(
    excavation: Excavation,
    normals: Sequence[ImageLike],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    batch_size: int = BATCH,
) -> dict[str, Control]:
    """Fit `top`, `bottom`, `random` (`draws` sets) and `all` on an excavation's support images.

    All have the excavation's site, K, normality and metric. While this runs, the support's
    activations at the site are in memory at their full width.
    """
    settings = excavation.settings
    site, _ = settings.places
    parts = walk(excavation.model, pictures(normals), [site], batch_size=batch_size)
    rows = torch.cat([found[site].float() for _, found in parts]).flatten(0, 1)

    def control(name: str) -> Control:
        sets = tuple(
            select(excavation.sensitivity, site, settings.k, name, seed, draw)
            for draw in range(draws if name == "random" else 1)
        )
        fitted = (
            fit_normality(
                rows[:, list(chosen.indices)],
                settings.normality,
                settings.metric,
                settings.neighbours,
            )
            for chosen in sets
        )
        return Control(name, sets, tuple(fitted))

    return {name: control(name) for name in SELECTIONS}
