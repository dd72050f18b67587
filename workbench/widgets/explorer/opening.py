"""The one pass over the images when an explorer opens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.cards.detector import Judged
from workbench.cards.watching import Truth, Watch
from workbench.errors import DataError
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.excavation.layer_norm import normed
from workbench.images.samples import Sample
from workbench.images.stream import Picture, pictures
from workbench.widgets.explorer.features import ROOM, Features

EXEMPLARS = 9


@dataclass(frozen=True, eq=False)
class Opening:
    """What the pass has found.

    Attributes:
        samples: the images, in the order they are listed.
        sizes: of the images, (height, width).
        fused, visual, text: raw patch scores; text as log odds.
        shares: the selected neurons' parts of the visual score at each image's highest fused
            patch, summing to 1; NaN where that score is 0.
        features: the selected neurons' activations.
        watch: how the selected neurons fire.
        watches: how all neurons of other sites fire, by site; filled in as they are looked at.
    """

    samples: tuple[Sample, ...]
    sizes: tuple[tuple[int, int], ...]
    fused: Float[np.ndarray, "image patch"] = field(repr=False)
    visual: Float[np.ndarray, "image patch"] = field(repr=False)
    text: Float[np.ndarray, "image patch"] | None = field(repr=False)
    shares: Float[np.ndarray, "image neuron"] = field(repr=False)
    features: Features = field(repr=False)
    watch: Watch = field(repr=False)
    watches: dict[str, Watch] = field(default_factory=dict, repr=False)

    @property
    def scores(self) -> Float[np.ndarray, "image"]:
        """The image scores."""
        found: Float[np.ndarray, image] = self.fused.max(1)
        return found

    def carried(self) -> Float[np.ndarray, "neuron"]:
        """Return each selected neuron's mean part of the anomalous images' visual scores."""
        anomalous = np.array([sample.label == 1 for sample in self.samples])
        return Judged(self.scores, anomalous, self.shares).carried()


_living: WeakValueDictionary[tuple[object, ...], Opening] = WeakValueDictionary()
"""What the explorers that are still there have found: a second one of the same images, or a cell
that is run twice, does not look again. An opening holds its excavation: `id` tells them apart."""


def look(
    excavation: Excavation,
    samples: Sequence[Sample],
    *,
    seed: int = 0,
    batch_size: int = BATCH,
    room: int = ROOM,
) -> Opening:
    """Look at the images once, a batch at a time, and keep what the views start from.

    `room` is how many bytes of activations are kept. What an explorer that is still there has
    found in the same files is taken over. Raises `DataError` without images or where some are
    missing, named before anything is computed, and as `Excavation.score` does.
    """
    check_there(samples)
    excavation.check_model()
    key = (id(excavation), seed, room, *map(_state, samples))
    found = _living.get(key)
    if found is None:
        found = _living[key] = _looked(excavation, samples, seed, batch_size, room)
    return found


def _looked(
    excavation: Excavation, samples: Sequence[Sample], seed: int, batch_size: int, room: int
) -> Opening:
    shown = pictures(samples)
    features = Features(excavation, shown, room)
    watch = Watch(excavation.neurons, excavation.model.grid, EXEMPLARS, seed)
    sizes: list[tuple[int, int]] = []
    parts: list[tuple[Tensor, Tensor, Tensor | None, Tensor]] = []
    own, layer_norm = excavation.sites[0], excavation.settings.layer_norm
    for batch, seen in walk(
        excavation.model, shown, excavation.sites, batch_size=batch_size, what="looking at images"
    ):
        first = len(sizes)
        sizes += batch.sizes
        found = excavation.patch_scores(seen)
        watch.add(normed(seen[own], layer_norm), truths(excavation, samples, sizes, first))
        for index, rows in enumerate(found.selected, first):
            features.put(index, rows)
        peaks = found.fused.argmax(1)
        every = torch.arange(len(peaks), device=peaks.device)
        shares = excavation.normality.shares(
            found.selected[every, peaks], found.nearest[every, peaks]
        )
        shares = shares / shares.sum(1, keepdim=True)
        parts.append((found.fused, found.visual, found.text, shares))
    fused, visual, text, shares_at = zip(*parts, strict=True)
    return Opening(
        samples=tuple(samples),
        sizes=tuple(sizes),
        fused=_joined(fused),
        visual=_joined(visual),
        text=None if text[0] is None else _joined(text),
        shares=_joined(shares_at),
        features=features,
        watch=watch,
    )


def truths(
    excavation: Excavation, samples: Sequence[Sample], sizes: Sequence[tuple[int, int]], first: int
) -> list[Truth]:
    """Return what is true of the images from number `first` on whose sizes are known."""
    grid = excavation.model.grid
    return [
        Truth.of(sample, size, grid)
        for sample, size in zip(samples[first : len(sizes)], sizes[first:], strict=True)
    ]


def check_there(samples: Sequence[Sample]) -> None:
    """Raise `DataError` without images, or naming those whose file is not there."""
    if not samples:
        raise DataError("no images to explore: give a data set, a folder or a list of files.")
    gone = [sample.path for sample in samples if not sample.path.is_file()]
    if gone:
        raise DataError(
            f"{len(gone)} of the {len(samples)} images are missing, first {gone[0]}. Put them "
            "back, or give only images that are there."
        )


def _state(sample: Sample) -> tuple[object, ...]:
    """Return what tells whether a sample or one of its files has changed."""
    files = [path.stat() for path in (sample.path, *sample.mask_paths) if path.is_file()]
    return (sample, *((one.st_size, one.st_mtime_ns) for one in files))


def as_picture(sample: Sample) -> Picture:
    """Return a sample as a picture to be opened."""
    return Picture(sample.name, sample.path)


def _joined(parts: Sequence[Tensor]) -> Float[np.ndarray, "image any"]:
    found: Float[np.ndarray, "image any"] = torch.cat(
        [part.cpu().float() for part in parts]
    ).numpy()
    return found
