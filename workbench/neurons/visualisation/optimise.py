"""Moving a picture until a neuron answers as strongly as it can be made to."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.excavation.features import BATCH
from workbench.images.preprocess import to_pixels
from workbench.images.progress import progress
from workbench.images.stream import ImageLike, pictures, stream
from workbench.neurons.attribution.targets import NeuronActivation, Patch
from workbench.neurons.visualisation import fourier
from workbench.neurons.visualisation.result import Readings, Visualisation

STEPS = 128
RATE = 0.05
SMOOTHING = 0.25


def visualise(
    model: HookedCLIP,
    neuron: NeuronSet,
    images: ImageLike | Iterable[ImageLike],
    *,
    patch: Patch = None,
    sign: int = 1,
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = STEPS,
    rate: float = RATE,
    jitter: int | None = None,
    smoothing: float = SMOOTHING,
    batch_size: int = BATCH,
) -> Visualisation:
    """Optimise pictures for a neuron, one per seed, and put natural images beside them.

    Each picture is a sum of waves (see `fourier`) that Adam moves up the neuron's activation,
    shifted at random in every step. Of the gradient only the direction counts, less a share of the
    direction in which total variation grows, so that neurons of any unit are treated alike. No
    block above the neuron's site is run. Weights, their `requires_grad` and the mode of the model
    stay as they are.

    Args:
        model: the model; the pictures have its image size.
        neuron: one neuron at any site that has neurons per patch.
        images: natural images to hold the score against.
        patch: row and column of the patch at which the neuron is driven; `None`: its mean over all
            patches.
        sign: 1 to raise the activation, -1 to lower it.
        seeds: of the pictures, which are optimised as one batch.
        steps: how often each picture is moved.
        rate: Adam's step size.
        jitter: the largest shift, in pixels; `None` is a quarter of a patch.
        smoothing: the share of total variation; 0 is none.
        batch_size: how many natural images are looked at together.

    Raises `SettingError` for an option out of its range, other than one neuron, one that the site
    does not have, a patch outside the grid, or a site that no picture changes; `SiteError` for a
    site without neurons per patch; `DataError` without images.
    """
    target, found = NeuronActivation(model, neuron, patch), pictures(images)
    if neuron.site == "hook_pos_embed":
        raise SettingError(
            f"{neuron.site} is the same for every picture, so there is nothing to optimise. "
            "Choose a site that the picture reaches, such as hook_embed."
        )
    if not found:
        raise DataError("no natural image to hold the score against: give at least one.")
    shift = max(1, min(model.patch_size) // 4) if jitter is None else jitter
    _check(sign=sign, seeds=seeds, steps=steps, rate=rate, jitter=shift, smoothing=smoothing)
    natural = [
        _read(target, batch.pixels, sign)
        for batch in progress(
            stream(
                found,
                batch_size=batch_size,
                image_size=model.image_size,
                mean=model.mean,
                std=model.std,
            ),
            total=len(found),
            what="natural images",
            size=lambda batch: len(batch.pictures),
        )
    ]
    drawn, curve, moved = _climb(target, sign, seeds, steps, rate, shift, smoothing)
    # One by one, as somebody would who looks at the saved picture.
    reached = [_read(target, to_pixels(one[None], model.mean, model.std), sign) for one in drawn]
    return Visualisation(
        neuron=neuron,
        patch=patch,
        sign=sign,
        seeds=tuple(seeds),
        pictures=drawn,
        curve=curve,
        moved=moved,
        reached=Readings.joined(reached),
        natural=Readings.joined(natural),
    )


def _check(
    *,
    sign: int,
    seeds: Sequence[int],
    steps: int,
    rate: float,
    jitter: int,
    smoothing: float,
) -> None:
    if sign not in (1, -1):
        raise SettingError(f"sign is {sign}; it is 1 (raise the activation) or -1 (lower it).")
    if not seeds or len(set(seeds)) != len(seeds):
        raise SettingError(f"seeds are {list(seeds)}; give at least one, none of them twice.")
    if steps < 1 or jitter < 0:
        raise SettingError(f"steps is {steps} (1 or more) and jitter {jitter} (0 or more).")
    if not (0 < rate < math.inf and 0 <= smoothing < math.inf):
        raise SettingError(f"rate is {rate} (above 0) and smoothing {smoothing} (0 or more).")


@torch.no_grad()
def _read(target: NeuronActivation, pixels: Tensor, sign: int) -> Readings:
    """Return what the neuron does on plain pictures."""
    model, site = target.model, target.neuron.site
    seen = model.activations(pixels.to(model.device, model.dtype), target.sites)
    patches = seen[site].flatten(2)[:, 1:, target.neuron[0]]
    peak = sign * (sign * patches).amax(1)
    score, strongest = (one.cpu().double().numpy() for one in (target(seen), peak))
    return Readings(score, strongest)


@torch.enable_grad()
def _climb(
    target: NeuronActivation,
    sign: int,
    seeds: Sequence[int],
    steps: int,
    rate: float,
    jitter: int,
    smoothing: float,
) -> tuple[
    UInt8[np.ndarray, "picture height width 3"],
    Float[np.ndarray, "step picture"],
    Bool[np.ndarray, "picture"],
]:
    """Return the pictures, the scores on the way, and whether there was ever a slope."""
    model, (_, width) = target.model, target.model.image_size
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    waves = fourier.start(model.image_size, generators).to(model.device).requires_grad_()
    adam = torch.optim.Adam([waves], lr=rate)
    mean, std = (
        torch.tensor(c, device=model.device).view(3, 1, 1) for c in (model.mean, model.std)
    )
    curve, moved = np.empty((steps, len(seeds))), np.zeros(len(seeds), bool)
    for step in progress(range(steps), total=steps, what=f"drawing {target.name}", unit="step"):
        picture = fourier.picture(waves, width)
        pixels = ((_shifted(picture, generators, jitter) - mean) / std).to(model.dtype)
        value = target(model.activations(pixels, target.sites))
        if not bool(value.isfinite().all()):
            raise SettingError(
                f"{target.name} is not finite in step {step + 1}: {model.name} computes in "
                f"{model.dtype}. Load it in single precision."
            )
        curve[step] = value.detach().cpu().double().numpy()
        (slope,) = torch.autograd.grad(value.sum(), picture, retain_graph=True)
        moved |= slope.flatten(1).any(1).cpu().numpy()
        uphill = sign * _unit(slope) - smoothing * _unit(_roughness(picture))
        (waves.grad,) = torch.autograd.grad(picture, waves, -uphill)
        adam.step()
    with torch.no_grad():
        drawn = (255 * fourier.picture(waves, width)).round().to(torch.uint8)
    return drawn.permute(0, 2, 3, 1).cpu().numpy(), curve, moved


def _shifted(pictures: Tensor, generators: list[torch.Generator], jitter: int) -> Tensor:
    """Return the pictures, each shifted by its own random number of pixels; they are periodic."""
    moved = []
    for picture, generator in zip(pictures, generators, strict=True):
        down, right = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
        moved.append(picture.roll((down, right), (1, 2)))
    return torch.stack(moved)


def _roughness(pictures: Tensor) -> Tensor:
    """Return the gradient of the total variation."""
    total = fourier.total_variation(pictures).sum()
    return torch.autograd.grad(total, pictures, retain_graph=True)[0]


def _unit(slopes: Tensor) -> Tensor:
    """Return each picture's slope at length 1, or 0 where there is none."""
    length = slopes.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    unit: Tensor = slopes / length.clamp(min=1e-30)
    return unit
