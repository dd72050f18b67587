"""Pictures as sums of waves: what the optimisation moves in the place of pixels.

Waves of low frequency are made as easy to move as in natural pictures, whose amplitude falls as
1 / frequency, and the three colours move along the axes in which those of photographs are
uncorrelated. Both, and the matrix of colours (measured on ImageNet), follow Olah, Mordvintsev and
Schubert, "Feature Visualization", Distill 2017, and their code, lucid. The pictures are periodic.
"""

import torch
from jaxtyping import Float
from torch import Tensor

AMPLITUDE = 0.01
"""Standard deviation of the waves' coefficients at the start: a nearly grey picture."""

_COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Rows: red, green, blue; columns: the uncorrelated axes, of which the first is brightness."""


def start(
    size: tuple[int, int], generators: list[torch.Generator]
) -> Float[Tensor, "picture 3 height frequency 2"]:
    """Return random coefficients of pictures of (height, width), each from its own generator."""
    shape = (3, size[0], size[1] // 2 + 1, 2)
    return torch.stack([AMPLITUDE * torch.randn(shape, generator=g) for g in generators])


def picture(
    waves: Float[Tensor, "picture 3 height frequency 2"], width: int
) -> Float[Tensor, "picture 3 height _width"]:
    """Return the pictures, RGB from 0 to 1, that the coefficients stand for."""
    height = waves.shape[2]
    vertical = torch.fft.fftfreq(height, device=waves.device)[:, None]
    horizontal = torch.fft.rfftfreq(width, device=waves.device)
    frequency = torch.hypot(vertical, horizontal).clamp(min=1 / max(height, width))
    scale = (height * width) ** 0.5 / frequency
    summed = torch.fft.irfft2(torch.view_as_complex(waves) * scale, s=(height, width)) / 4
    axes = torch.tensor(_COLOURS, device=waves.device)
    axes = axes / axes.norm(dim=0).max()
    return torch.einsum("ca,pahw->pchw", axes, summed).sigmoid()


def total_variation(
    pictures: Float[Tensor, "picture 3 height width"],
) -> Float[Tensor, "picture"]:
    """Return the sum of absolute differences of neighbouring pixels; opposite borders touch.

    >>> total_variation(torch.eye(2).expand(1, 3, 2, 2))
    tensor([24.])
    """
    down, right = (pictures - pictures.roll(1, axis) for axis in (2, 3))
    return (down.abs() + right.abs()).sum((1, 2, 3))
