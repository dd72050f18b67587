"""From the activations of normal images, wherever they come from, to what a detector keeps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.excavation.detector import HeldOut, needed_sites
from workbench.excavation.features import Activations
from workbench.excavation.fusion import held_out_indices, leave_one_out, mirrored_copies
from workbench.excavation.layer_norm import normed
from workbench.excavation.normality import Normality, fit_normality
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import survey
from workbench.excavation.settings import Settings
from workbench.images.stream import Picture, Shown

Batches = Iterable[tuple[Shown, Activations]]
Look = Callable[[Sequence[Picture], Sequence[str], str], Batches]
"""From pictures, sites and what it is for (said by a progress bar) to batches of activations."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was found in the normal images: see `Excavation`."""

    sensitivity: Float[np.ndarray, "neuron"]
    neurons: NeuronSet
    normality: Normality
    held_out: HeldOut


def fit(
    images: Sequence[Picture],
    settings: Settings,
    look: Look,
    text_scores: Callable[[Tensor], Tensor] | None = None,
    *,
    keep: bool = True,
) -> Fitted:
    """Find the neurons, fill the gallery and judge held-out normals, by resolved settings.

    `text_scores` gives the text branch's score of every patch at the text site. With `keep` the
    images' activations are looked at once and held; without it twice, batch by batch. A single
    image is judged by its mirrored copies, which `look` is shown too.
    """
    site, text_site = settings.places
    sites = needed_sites(settings)
    kept = list(look(images, sites, "reading neurons")) if keep else None

    def rows(found: Activations) -> Tensor:
        return normed(found[site], settings.layer_norm)

    first = kept or look(images, [site], "finding neurons")
    sensitivity = survey(rows(found) for _, found in first).sensitivity(settings.statistic)
    neurons = select(sensitivity, site, settings.k, settings.selection, settings.selection_seed)
    columns = list(neurons.indices)

    def gather(batches: Batches) -> tuple[Tensor, Tensor | None]:
        """Keep the selected neurons and the text scores of every patch."""
        parts = [
            (
                rows(found)[..., columns].float(),
                text_scores(found[text_site]) if text_scores else None,
            )
            for _, found in batches
        ]
        scores = [part for _, part in parts if part is not None]
        return torch.cat([part for part, _ in parts]), torch.cat(scores) if scores else None

    def represent(patches: Tensor) -> Normality:
        return fit_normality(patches, settings.normality, settings.metric, settings.neighbours)

    patches, texts = gather(kept or look(images, sites, "filling the gallery"))
    normality = represent(patches.flatten(0, 1))
    if len(images) > 1:
        indices = held_out_indices(len(images))
        visual = leave_one_out(patches, represent, indices)
        held_out = HeldOut(visual, None if texts is None else texts[indices])
    else:
        patches, texts = gather(look(mirrored(images[0]), sites, "mirrored copies"))
        scores = normality.judge(patches.flatten(0, 1)).scores
        held_out = HeldOut(scores.view(len(patches), -1), texts)
    return Fitted(sensitivity, neurons, normality, held_out)


def mirrored(picture: Picture) -> list[Picture]:
    """Return a picture's mirrored copies, by which a single normal image is judged."""
    copies = mirrored_copies(picture.open())
    return [Picture(f"{picture.name} mirrored", held=copy) for copy in copies]
