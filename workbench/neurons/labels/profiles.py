"""Profiles: where each neuron is high over the units of the images, and what the model sees there.

A unit is a patch, or a whole image.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, ModelError, SettingError
from workbench.excavation.features import BATCH
from workbench.images.progress import progress
from workbench.images.stream import ImageLike, pictures, stream

UNITS = ("patch", "image")
TOP = 100
"""The strongest units that a label is made from: at most so many, and at most a tenth of all."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """Activations of neurons at units, and the embedding of each unit in the joint space.

    Images have equally many places: their patches, in one order, or one for the whole image.
    Embeddings are kept as unit vectors.

    Raises `DataError` for fewer than two images, since the null moves whole images about, for
    shapes that do not fit, and for NaN or infinity.
    """

    activations: Float[Tensor, "image place neuron"] = field(repr=False)
    embeddings: Float[Tensor, "_image _place d_embed"] = field(repr=False)

    def __post_init__(self) -> None:
        shape = tuple(self.activations.shape)
        if tuple(self.embeddings.shape[:2]) != shape[:2]:
            raise DataError(
                f"activations of {shape[0]} images x {shape[1]} places and embeddings of "
                f"{self.embeddings.shape[0]} x {self.embeddings.shape[1]}: give both for the same."
            )
        if shape[0] < 2:
            raise DataError(
                f"{shape[0]} image to label neurons on: chance is judged by exchanging whole "
                "images, so give two or more (with fewer than four no label can pass)."
            )
        if not all(bool(torch.isfinite(x).all()) for x in (self.activations, self.embeddings)):
            raise DataError("activations or embeddings are NaN or infinite.")
        units = F.normalize(self.embeddings.detach().float(), dim=-1)
        object.__setattr__(self, "embeddings", units)
        object.__setattr__(self, "activations", self.activations.detach().float())

    @property
    def units(self) -> Float[Tensor, "unit d_embed"]:
        """The embeddings, image after image."""
        return self.embeddings.flatten(0, 1)

    @property
    def silent(self) -> Bool[Tensor, "neuron"]:
        """Whether a neuron never varies, and so says nothing."""
        flat = self.activations.flatten(0, 1)
        return flat.amax(0) == flat.amin(0)

    def strongest(self, top: int | None = None) -> "Strongest":
        """Return the units at which each neuron is highest, strongest first.

        `top` is how many; by default a tenth of all units, at least 5 and at most 100.
        Raises `SettingError` for fewer than one, or more than there are.
        """
        images, places, _ = self.activations.shape
        count = min(images * places, TOP, max(5, images * places // 10)) if top is None else top
        if not 1 <= count <= images * places:
            raise SettingError(f"top is {count}; there are {images * places} units to choose from.")
        found = self.activations.flatten(0, 1).topk(count, dim=0).indices.T.cpu()
        return Strongest(found // places, found % places, places)


@dataclass(frozen=True, eq=False)
class Strongest:
    """The units at which each neuron is highest: image and place, strongest first."""

    image: Int[Tensor, "neuron top"]
    place: Int[Tensor, "neuron top"]
    places: int

    def rows(self, orders: Int[Tensor, "draw image"]) -> Int[Tensor, "draw neuron top"]:
        """Return the units' numbers once images are exchanged: image i gives way to order[i]."""
        return orders[:, self.image] * self.places + self.place

    @property
    def own(self) -> Int[Tensor, "neuron top"]:
        """The units' numbers, images in their own places."""
        return self.image * self.places + self.place


def exchanged(images: int, draws: int, seed: int) -> Int[Tensor, "draw image"]:
    """Return random orders of the images.

    The null of every label from profiles: whole images change places, each with all its patches
    where they are. Patches of one image are alike, so exchanging single patches would break what
    ties them together, and any neuron that is merely high in one image would look special. A
    neuron's liking for a place in the picture is kept too, so it earns no label.
    """
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.permuted(np.tile(np.arange(images), (draws, 1)), axis=1))


@torch.no_grad()
def profiles_of(
    model: HookedCLIP,
    neurons: NeuronSet,
    images: ImageLike | Iterable[ImageLike],
    *,
    unit: str = "patch",
    batch_size: int = BATCH,
) -> Profiles:
    """Run a model over images and return the profiles of some neurons, on the CPU.

    A patch's embedding is its token of the last residual stream, taken through the final LayerNorm
    and the projection; an image's is the model's own, and a neuron's activation there its maximum
    over the patches. It takes 4 bytes per unit for each neuron and each channel of the embedding.

    Raises `SettingError` for an unknown unit or a neuron that the site does not have, `SiteError`
    for a site without neurons per patch, `DataError` for images that cannot be used or fewer than
    two, `ModelError` if an activation is NaN or infinite.
    """
    if unit not in UNITS:
        raise SettingError(f"unit {unit!r} is unknown: patch or image.")
    check_neurons(model, neurons)
    found = pictures(images)
    last = f"blocks.{model.n_layers - 1}.hook_resid_post" if unit == "patch" else "hook_image_embed"
    batches = stream(
        found, batch_size=batch_size, image_size=model.image_size, mean=model.mean, std=model.std
    )
    activations: list[Tensor] = []
    embeddings: list[Tensor] = []
    for batch in progress(
        batches, total=len(found), what="reading neurons", size=lambda b: len(b.pictures)
    ):
        seen = model.activations(batch.pixels.to(model.device, model.dtype), [neurons.site, last])
        here = seen[neurons.site].flatten(2)[:, 1:, list(neurons.indices)]
        if unit == "patch":
            embedded = model.project(seen[last][:, 1:])
        else:
            here, embedded = here.amax(1, keepdim=True), seen[last][:, None]
        for part, kept in ((here, activations), (embedded, embeddings)):
            if not bool(torch.isfinite(part).all()):
                raise ModelError(
                    f"activations of {model.name} are NaN or infinite for "
                    f"{batch.pictures[0].name} or its neighbours. The weights are damaged, or the "
                    "dtype overflows: load sound weights, or ask for dtype float32."
                )
            kept.append(part.float().cpu())
    if not activations:
        raise DataError("there is no image to label neurons on: give two or more.")
    return Profiles(torch.cat(activations), torch.cat(embeddings))


def check_neurons(model: HookedCLIP, neurons: NeuronSet) -> None:
    """Raise `SettingError` for no neurons, or one that the model does not have at the site."""
    width = model.site_width(neurons.site)
    if not len(neurons):
        raise SettingError(f"there is no neuron to label at {neurons.site}: the set is empty.")
    if max(neurons.indices) >= width:
        raise SettingError(
            f"no neuron {neurons.site}:{max(neurons.indices)}: the site has {width}, counted "
            "from 0."
        )
