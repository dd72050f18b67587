"""Activations of pictures, batch by batch; what does not fit in a batch is never in memory.

They come from a model that looks at the pictures, or from a store that holds what it saw.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.errors import ModelError
from workbench.images.progress import progress
from workbench.images.stream import Picture, Shown, stream
from workbench.recording.store import ActivationStore

BATCH = 16

Activations = dict[str, Tensor]
Tower = HookedCLIP | ActivationStore
"""A model, or a store that stands in for it where its activations are all that is needed."""


def walk(
    model: Tower,
    pictures: Sequence[Picture],
    sites: Sequence[str],
    *,
    batch_size: int = BATCH,
    what: str = "reading neurons",
) -> Iterator[tuple[Shown, Activations]]:
    """Yield each batch of pictures with its patches `[image, patch, neuron]` at every site.

    The tower runs once per batch and no further than the last site; a store is read where it
    lies. Raises `DataError` for a picture that does not open or is not in the store, `ModelError`
    if an activation is NaN or infinite.
    """
    if isinstance(model, ActivationStore):
        asked = iter(pictures)
        for indices, recorded in model.read(pictures, sites, batch_size):
            entries = [model.plan.images[index] for index in indices]
            sizes = tuple((entry.height, entry.width) for entry in entries)
            yield Shown(tuple(islice(asked, len(indices))), sizes), recorded
        return
    batches = stream(
        pictures,
        batch_size=batch_size,
        image_size=model.image_size,
        mean=model.mean,
        std=model.std,
    )
    shown = progress(batches, total=len(pictures), what=what, size=lambda b: len(b.pictures))
    for batch in shown:
        with torch.no_grad():
            found = model.patches(batch.pixels.to(model.device, model.dtype), sites)
        for site, values in found.items():
            if not bool(torch.isfinite(values).all()):
                raise ModelError(
                    f"activations of {model.name} at {site} are NaN or infinite (for "
                    f"{batch.pictures[0].name} or its neighbours). The weights are damaged, or "
                    f"{str(model.dtype).removeprefix('torch.')} overflows: load sound weights, "
                    "or ask for dtype float32."
                )
        yield batch, found
