"""Integrals of a gradient along a straight line, chunk by chunk."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.errors import SettingError
from workbench.neurons.attribution.result import on_cpu

CHUNK = 16
STEPS = 64

Points = tuple[Float[Tensor, "point"], Float[Tensor, "point"]]
"""Where on the line from the baseline (0) to the activation (1), and with which weight."""


def gauss_legendre(steps: int) -> Points:
    """Return the points and weights of the quadrature. Raises `SettingError` for none."""
    at_least_one(steps, "steps")
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(weights / 2)


def line_integral(
    run: Callable[[Tensor], Float[Tensor, "copy"]],
    here: Float[Tensor, "image *shape"],
    start: Float[Tensor, "image *shape"],
    points: Points,
    chunk: int,
) -> tuple[Float[Tensor, "image *shape"], Float[Tensor, "image"]]:
    """Return the step times the mean gradient on the way, and the change from end to end.

    `run` takes several copies of all images one after the other. At most `chunk` copies of an
    image (or each image once) are in memory with their graphs.
    """
    total = torch.zeros(here.shape, dtype=torch.float64)
    size = max(1, chunk // len(here))
    for at, weights in zip(*(part.split(size) for part in points), strict=True):
        along = at.to(here).view(-1, *[1] * here.ndim)
        line = (start + along * (here - start)).flatten(0, 1).requires_grad_()
        (slope,) = slopes(run(line), [line])
        slope = on_cpu(slope).unflatten(0, (len(at), len(here)))
        total += torch.einsum("p,p...->...", weights, slope)
    with torch.no_grad():
        effect = on_cpu(run(here)) - on_cpu(run(start))
    return total * on_cpu(here - start), effect


def slopes(value: Float[Tensor, "image"], at: list[Tensor]) -> list[Tensor]:
    """Return the gradients of values at tensors; zero where they do not depend on one."""
    if not value.requires_grad:
        return [torch.zeros_like(one) for one in at]
    found = torch.autograd.grad(value.sum(), at, allow_unused=True)
    return [
        torch.zeros_like(one) if slope is None else slope
        for one, slope in zip(at, found, strict=True)
    ]


def at_least_one(number: int, what: str) -> None:
    """Raise `SettingError` for a number below 1."""
    if number < 1:
        raise SettingError(f"{what} is {number}; it must be at least 1.")


def image_baseline(
    pixels: Float[Tensor, "image 3 height width"], baseline: Tensor | None
) -> Float[Tensor, "3 height width"]:
    """Return the image to start from; `None` is zero, the mean colour.

    Raises `SettingError` for another shape than that of the images.
    """
    if baseline is None:
        return torch.zeros_like(pixels[0])
    if baseline.shape != pixels.shape[1:]:
        raise SettingError(
            f"the baseline is an image of shape {list(baseline.shape)}, and the images have "
            f"{list(pixels.shape[1:])}."
        )
    return baseline.to(pixels)
