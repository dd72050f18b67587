"""Input maps: which pixels or patches drive a target, such as one neuron."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.hooked import HookedCLIP
from workbench.clip.sites import EMBEDDING_SITES, kind_of, layer_of
from workbench.neurons.attribution.drawing import page
from workbench.neurons.attribution.paths import (
    CHUNK,
    STEPS,
    at_least_one,
    gauss_legendre,
    image_baseline,
    line_integral,
    slopes,
)
from workbench.neurons.attribution.result import on_cpu
from workbench.neurons.attribution.targets import Patch, Target, token_of

_UNMIXED = (
    "hook_resid_pre",
    "ln1.hook_normalized",
    "attn.hook_q",
    "attn.hook_k",
    "attn.hook_v",
)


@dataclass(frozen=True, eq=False)
class InputMap:
    """A value per pixel or per patch, in double precision on the CPU.

    `effect` is what the values ought to sum to, for the one method that promises it. `pictures` are
    those that were prepared, as 8-bit RGB, and `patch_size` is the height and width of a patch, in
    pixels: for showing the map.
    """

    method: str
    target: str
    values: Float[Tensor, "image row column"] = field(repr=False)
    pictures: UInt8[Tensor, "image height width 3"] = field(repr=False)
    patch_size: tuple[int, int] = field(repr=False)
    effect: Float[Tensor, "image"] | None = None

    @classmethod
    def of(
        cls,
        method: str,
        target: str,
        values: Float[Tensor, "image row column"],
        model: HookedCLIP,
        pixels: Float[Tensor, "image 3 height width"],
        effect: Float[Tensor, "image"] | None = None,
    ) -> "InputMap":
        """Put values with the pictures that a model's prepared pixels came from."""
        mean, std = (torch.tensor(c).view(3, 1, 1) for c in (model.mean, model.std))
        colours = (pixels.detach().cpu().float() * std + mean).clamp(0, 1)
        pictures = (255 * colours).round().to(torch.uint8).permute(0, 2, 3, 1)
        return cls(method, target, values, pictures, model.patch_size, effect)

    @property
    def completeness_error(self) -> Float[Tensor, "image"] | None:
        """By how much the values miss the effect; `None` for a method that sums to nothing."""
        return None if self.effect is None else (self.values.sum((1, 2)) - self.effect).abs()

    def per_patch(self, model: HookedCLIP) -> Float[Tensor, "image row column"]:
        """Return the values summed over the pixels of each of the model's patches."""
        (rows, columns), (height, width) = model.grid, model.patch_size
        if self.values.shape[1:] == model.grid:
            return self.values
        cells: Tensor = self.values[:, : rows * height, : columns * width]
        cells = cells.unflatten(2, (columns, width)).unflatten(1, (rows, height))
        return cells.sum((2, 4))

    def _repr_html_(self) -> str:
        height, width = self.pictures.shape[1:3]
        values = self.values
        if values.shape[1:] != (height, width):  # one value per patch; none beyond the last
            values = values.repeat_interleave(self.patch_size[0], 1)
            values = values.repeat_interleave(self.patch_size[1], 2)
            right, below = width - values.shape[2], height - values.shape[1]
            values = F.pad(values, (0, right, 0, below))
        title = f"{self.method} of {self.target}"
        return page(title, self.pictures.numpy(), values.numpy())


def gradient_map(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    target: Target,
    *,
    chunk: int = CHUNK,
) -> InputMap:
    """Return the gradient's largest magnitude over the colours (Simonyan et al. 2014), per pixel.

    How fast the target moves with a pixel, not what the pixel contributes.
    """
    at_least_one(chunk, "chunk")
    parts = []
    for images in pixels.split(chunk):
        moved = images.detach().clone().requires_grad_()
        (slope,) = slopes(target(model.activations(moved, target.sites)), [moved])
        parts.append(on_cpu(slope.abs().amax(1)))
    return InputMap.of("gradient", target.name, torch.cat(parts), model, pixels)


def integrated_map(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    target: Target,
    *,
    baseline: Float[Tensor, "3 _height _width"] | None = None,
    steps: int = STEPS,
    chunk: int = CHUNK,
) -> InputMap:
    """Return integrated gradients of the pixels (Sundararajan et al. 2017), summed over colours.

    From a baseline image (`None`: all zero, the mean colour) on a straight line, by Gauss-Legendre.
    The values sum to the target less that of the baseline. Raises `SettingError` for a baseline
    of another shape.
    """
    at_least_one(chunk, "chunk")
    points, start = gauss_legendre(steps), image_baseline(pixels, baseline)

    def run(images: Tensor) -> Tensor:
        return target(model.activations(images, target.sites))

    parts = [
        line_integral(run, image[None], start[None], points, chunk) for image in pixels.detach()
    ]
    values, effect = (torch.cat(part) for part in zip(*parts, strict=True))
    return InputMap.of("integrated gradients", target.name, values.sum(1), model, pixels, effect)


@torch.no_grad()
def occlusion_map(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    target: Target,
    *,
    baseline: Float[Tensor, "3 _height _width"] | None = None,
    chunk: int = CHUNK,
) -> InputMap:
    """Return by how much the target falls when a patch is hidden (Zeiler and Fergus 2014).

    One patch at a time is replaced by the baseline's (`None`: zero, the mean colour). Raises
    `SettingError` for a baseline of another shape.
    """
    at_least_one(chunk, "chunk")
    start = image_baseline(pixels, baseline)
    rows, columns = model.grid
    masks = torch.eye(rows * columns, device=pixels.device).view(-1, 1, rows, columns) > 0
    parts = []
    for image in pixels:
        whole = on_cpu(target(model.activations(image[None], target.sites)))
        hidden = []
        for some in masks.split(chunk):
            shown = torch.where(_over_pixels(model, some), start, image)
            hidden.append(on_cpu(target(model.activations(shown, target.sites))))
        parts.append((whole - torch.cat(hidden)).view(rows, columns))
    return InputMap.of("occlusion", target.name, torch.stack(parts), model, pixels)


def _over_pixels(
    model: HookedCLIP, masks: Bool[Tensor, "mask 1 row column"]
) -> Bool[Tensor, "mask 1 height width"]:
    """Return masks of patches as masks of pixels; pixels beyond the last patch are in none."""
    height, width = model.patch_size
    full = masks.repeat_interleave(height, 2).repeat_interleave(width, 3)
    missing = [
        whole - length for whole, length in zip(model.image_size, full.shape[2:], strict=True)
    ]
    return F.pad(full, (0, missing[1], 0, missing[0]))


@torch.no_grad()
def attention_rollout(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    site: str,
    patch: Patch = None,
    *,
    chunk: int = CHUNK,
) -> InputMap:
    """Return how much each patch is attended to on the way to a token (Abnar and Zuidema 2020).

    The mean over heads, half of it the skip path, multiplied up over the blocks before the site.
    It sees where attention goes, not what a neuron makes of it: all neurons of a token share it.
    `patch` is the token's place, `None` is CLS. Values and the share of CLS sum to 1.
    """
    at_least_one(chunk, "chunk")
    token, blocks = token_of(model, patch), _attention_blocks(model, site)
    parts = []
    for images in pixels.split(chunk):
        row = torch.zeros(len(images), 1, model.cfg.n_ctx, dtype=torch.float64)
        row[..., token] = 1
        mixed = torch.eye(model.cfg.n_ctx, dtype=torch.float64).repeat(len(images), 1, 1)

        def look(_site: str, pattern: Tensor) -> None:
            nonlocal mixed
            mixed = (on_cpu(pattern.mean(1)) @ mixed + mixed) / 2

        if blocks:
            model.visit(images, [f"blocks.{layer}.attn.hook_pattern" for layer in blocks], look)
        parts.append((row @ mixed)[:, 0, 1:].unflatten(1, model.grid))
    place = "CLS" if patch is None else f"patch {patch[0]}, {patch[1]}"
    values = torch.cat(parts)
    return InputMap.of("attention rollout", f"{place} at {site}", values, model, pixels)


def _attention_blocks(model: HookedCLIP, site: str) -> range:
    """Return the blocks whose attention has mixed the tokens before a site."""
    model.check_site(site)
    layer = layer_of(site)
    if layer is None:
        return range(0 if site in EMBEDDING_SITES else model.n_layers)
    return range(layer if kind_of(site) in _UNMIXED else layer + 1)
